import Glibc

extension JSONFileStore {
    package func leaseAnswer(_ digest: String) throws(StoreError) -> Lease? {
        let offset = Int64(digest.prefix(15), radix: 16) ?? 0
        return try Lease.take("\(layout.locks)/answers.lease", offset: offset)
    }

    package func answer(_ digest: String) throws(StoreError) -> StoredAnswer? {
        do throws(StoreError) {
            guard let answer = try read(layout.answer(digest)).flatMap(StoredAnswer.init(record:)),
                Timestamp.now - answer.createdAt < StoredAnswer.lifetime
            else { return nil }
            return answer
        } catch {
            guard error.kind == .corrupt else { throw error }
            // It is not synced, so a power cut may spoil it; the request is then answered anew.
            log.error("a kept answer is spoilt and is taken as absent", metadata: ["digest": "\(digest)"])
            return nil
        }
    }

    package func storeAnswer(_ answer: StoredAnswer, as digest: String) throws(StoreError) {
        try AtomicFile.write(answer.record.bytes, to: layout.answer(digest), durable: false)
    }

    /// Removes answers that are kept long enough.
    func sweepAnswers() throws(StoreError) {
        for name in try Directory.names(in: layout.answers) where name.hasSuffix(".json") {
            let path = "\(layout.answers)/\(name)"
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            if Int(time(nil)) - Int(status.st_mtim.tv_sec) > 86_400 { try Directory.removeFile(path, durably: false) }
        }
    }
}
