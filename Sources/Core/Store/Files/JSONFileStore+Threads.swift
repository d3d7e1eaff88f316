/// Threads, and the keys that callers choose, are names for conversations; lines of turns say which, see ``ArchiveLine/known``.
extension JSONFileStore {
    package func conversation(withThread digest: String, of archive: ArchiveID) throws(StoreError) -> Conversation.ID? {
        try layout.archive(archive).conversation(withThread: Self.threadName(digest, of: archive))
    }

    package func conversation(withKey key: String, of archive: ArchiveID) throws(StoreError) -> Conversation.ID? {
        try layout.archive(archive).conversation(withThread: Self.keyName(key, of: archive))
    }

    /// Of one user, and never that of a thread, whose digest has neither space nor NUL.
    static func keyName(_ key: String, of archive: ArchiveID) -> String {
        Hex.sha256("\(archive.digest) key\0\(key)")
    }

    /// Of one user: equal threads of two users are two threads.
    static func threadName(_ digest: String, of archive: ArchiveID) -> String {
        Hex.sha256("\(archive.digest) \(digest)")
    }
}
