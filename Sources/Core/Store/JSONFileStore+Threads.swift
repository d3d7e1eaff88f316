import Glibc

/// Threads are names for conversations: symbolic links, because one call makes, reads or removes them. Losing one
/// only means that the next call of that thread begins a new conversation.
extension JSONFileStore {
    package func conversation(withThread digest: String, of user: User.ID) throws(StoreError) -> Conversation.ID? {
        let path = "\(layout.threads(of: user))/\(digest)"
        let target = [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
            count = buffer.withMemoryRebound(to: CChar.self) { buffer in
                buffer.baseAddress.map { max(0, readlink(path, $0, buffer.count)) } ?? 0
            }
        }
        return target.isEmpty ? nil : String(decoding: target, as: UTF8.self)
    }

    package func noteThread(
        _ digest: String, after before: String?, of conversation: Conversation.ID, of user: User.ID
    ) throws(StoreError) {
        let directory = layout.threads(of: user)
        guard Directory.exists(layout.conversations(of: user)) else { return }
        try Directory.create(directory, durably: false)
        let path = "\(directory)/\(digest)"
        if symlink(conversation, path) != 0 {
            guard errno == EEXIST else { throw .last("symlink", path) }
            // Equal threads are one thread; the latest conversation goes on.
            unlink(path)
            _ = symlink(conversation, path)
        }
        if let before, before != digest { unlink("\(directory)/\(before)") }
    }
}
