import Glibc

/// How many files each cache of open files may keep.
enum KeptFileLimit {
    /// A sixteenth of what the process may open, so that all caches together leave most of it to requests; at
    /// most 1024.
    static let most: Int = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else { return 16 }
        return max(16, Int(min(limit.rlim_cur, 16_384)) / 16)
    }()
}
