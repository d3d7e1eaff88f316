extension JSONFileStore {
    private static let hour: Int64 = 3_600_000_000

    package func lastUse(of key: User.Key.ID) throws(StoreError) -> Timestamp? {
        guard isKeyID(key), let file = try File.reading(layout.keyUse(key)) else { return nil }
        let text = String(decoding: try file.read(at: 0, count: 64), as: UTF8.self)
        return Timestamp(rfc3339: text)
    }

    package func noteUse(of key: User.Key.ID, at time: Timestamp) throws(StoreError) {
        guard isKeyID(key) else { return }
        let hour = Timestamp(microsecondsSinceEpoch: time.microsecondsSinceEpoch / Self.hour * Self.hour)
        // Another worker may have noted it.
        guard try lastUse(of: key) != hour else { return }
        try AtomicFile.write(Array(hour.rfc3339.utf8), to: layout.keyUse(key), durable: false)
    }

    func forgetUse(of key: User.Key.ID) throws(StoreError) {
        if isKeyID(key) { try Directory.removeFile(layout.keyUse(key), durably: false) }
    }

    /// Whether it names a file; what stands in a record that somebody changed by hand may not.
    private func isKeyID(_ key: User.Key.ID) -> Bool {
        key.utf8.count == 16 && key.utf8.allSatisfy { Hex.value(of: $0) != nil }
    }
}
