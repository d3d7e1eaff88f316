import Glibc
import Synchronization

/// Files of the state directory that stay open, because opening one takes longer than what is then done with it.
///
/// Only for files that are written where they stand: locks, counters, records in place. One that was removed by
/// hand is opened anew.
final class OpenFileCache: Sendable {
    static let shared = OpenFileCache()

    /// How many files each such cache may keep: a sixteenth of what the process may open, so that all caches together
    /// leave most of it to requests; at most 1024.
    static let most: Int = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return 16 }
        return max(16, Int(min(limit.rlim_cur, 16_384)) / 16)
    }()
    private let files = Mutex<[String: OpenFile]>([:])

    func file(_ path: String, _ flags: Int32) throws(StoreError) -> OpenFile {
        if let kept = files.withLock({ $0[path] }), kept.isInPlace { return kept }
        let kept = try OpenFile(path, flags)
        files.withLock { files in
            if files.count >= Self.most { files.remove(at: files.startIndex) }
            files[path] = kept
        }
        return kept
    }
}
