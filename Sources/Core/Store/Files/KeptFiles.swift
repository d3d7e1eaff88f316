import Synchronization

/// Files of the state directory that stay open, because opening one takes longer than what is then done with it.
///
/// Only for files that are written where they stand: locks, counters, records in place. One that was removed by
/// hand is opened anew.
final class KeptFiles: Sendable {
    static let shared = KeptFiles()

    private static let most = KeptFileLimit.most
    private let files = Mutex<[String: KeptFile]>([:])

    func file(_ path: String, _ flags: Int32) throws(StoreError) -> KeptFile {
        if let kept = files.withLock({ $0[path] }), kept.isInPlace { return kept }
        let kept = try KeptFile(path, flags)
        files.withLock { files in
            if files.count >= Self.most { files.remove(at: files.startIndex) }
            files[path] = kept
        }
        return kept
    }
}
