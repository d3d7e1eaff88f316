/// The key of the pseudonyms is made once. `format.json` keeps its digest, so that one that is gone or corrupt is noticed:
/// with another key upstreams would take all users for new ones, those that they have blocked among them.
extension JSONFileStore {
    package func pseudonyms() throws(StoreError) -> Pseudonyms {
        try layout.lock("secrets", "00").withLock { () throws(StoreError) in
            let format = try read(layout.format)
            let key = try File.reading(layout.pseudonymKey)?.readAll()
            switch (key, format?["pseudonym_key"]?.string) {
            case (let key?, let digest?) where Hex.sha256(key) == digest: return Pseudonyms(key: key)
            case (let key?, nil) where key.count == Pseudonyms.keySize:
                // Its maker was killed before it noted that.
                try note(key, in: format)
                return Pseudonyms(key: key)
            case (nil, nil):
                let random = KernelRandom()
                let key = (0..<Pseudonyms.keySize).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                try AtomicFile.write(key, to: layout.pseudonymKey, durable: true)
                try note(key, in: format)
                return Pseudonyms(key: key)
            case (nil, _): throw StoreError(.corrupt, KeyFault(problem: "is gone", path: layout.pseudonymKey))
            case (_, _): throw StoreError(.corrupt, KeyFault(problem: "is damaged", path: layout.pseudonymKey))
            }
        }
    }

    private func note(_ key: [UInt8], in format: JSON?) throws(StoreError) {
        var format = format?.object ?? JSONObject()
        format["pseudonym_key"] = JSON(Hex.sha256(key))
        try AtomicFile.write(JSON.object(format).bytes + [0x0A], to: layout.format, durable: true)
    }

    private struct KeyFault: Error, CustomStringConvertible {
        let problem: String
        let path: String

        var description: String {
            """
            \(path) \(problem). Restore it from a backup. Where there is none, remove the file and "pseudonym_key" from \
            format.json: a new key is then made, and upstreams take all users for new ones.
            """
        }
    }
}
