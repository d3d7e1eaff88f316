import Glibc

/// Answers lie in a directory of their user, so that they go with it, and so that one user's many push out its own only.
extension JSONFileStore {
    /// What is kept of answers at most; the oldest go first.
    enum AnswerLimit {
        /// Of one answer, in bytes; a longer one is not kept.
        static let one = 4 << 20
        static let perUser = (count: 1000, bytes: 32 << 20)
        /// Of all users together, in bytes; held by the sweep, which takes from the users that have the most.
        static let all = 1 << 30
    }

    private typealias KeptAnswer = (path: String, bytes: Int, writtenAt: Int)

    package func answer(_ digest: String, of archive: ArchiveID) throws(StoreError) -> IdempotentResponse? {
        do throws(StoreError) {
            var record = try read(layout.answer(digest, of: archive))
            // Where the version before kept those of users, who had no numbers then.
            if record == nil, archive.number == nil { record = try read("\(layout.answers)/\(digest).json") }
            guard let answer = record.flatMap(IdempotentResponse.init(record:)),
                Timestamp.now - answer.createdAt < IdempotentResponse.lifetime
            else { return nil }
            return answer
        } catch {
            guard error.kind == .corrupt else { throw error }
            // It is not synced, so a power cut may spoil it; the request is then answered anew.
            log.error("a kept answer is corrupt and is taken as absent", metadata: ["digest": "\(digest)"])
            return nil
        }
    }

    package func storeAnswer(
        _ answer: IdempotentResponse, as digest: String, of archive: ArchiveID
    ) throws(StoreError) {
        let bytes = answer.record.bytes
        guard bytes.count <= AnswerLimit.one else { return }
        let directory = layout.answers(of: archive)
        try Directory.create(Directory.parent(of: directory), durably: false)
        try Directory.create(directory, durably: false)
        try AtomicFile.write(bytes, to: layout.answer(digest, of: archive), durable: false)
        try shrink(try keptAnswers(in: directory), to: AnswerLimit.perUser)
        // Its user was removed meanwhile.
        if try !takesTurns(archive) { try Directory.removeTree(directory) }
    }

    /// Removes answers that were kept long enough, and the oldest of those with the most where all are too many.
    func sweepAnswers() throws(StoreError) {
        try removeExpired(try keptAnswers(in: layout.answers))
        var users: [(directory: String, answers: [KeptAnswer], bytes: Int)] = []
        for shard in try Directory.names(in: layout.answers) {
            for name in try Directory.names(in: "\(layout.answers)/\(shard)") {
                let directory = "\(layout.answers)/\(shard)/\(name)"
                let kept = try removeExpired(try keptAnswers(in: directory))
                // Only an empty directory goes; one in which an answer is written just now is made anew.
                if kept.isEmpty { rmdir(directory) }
                users.append((directory, kept, kept.reduce(0) { $0 + $1.bytes }))
            }
        }
        var total = users.reduce(0) { $0 + $1.bytes }
        users.sort { $0.bytes > $1.bytes }
        for user in users {
            guard total > AnswerLimit.all else { return }
            total -= user.bytes
            total += try shrink(user.answers, to: (count: .max, bytes: user.bytes / 2))
        }
    }

    private func keptAnswers(in directory: String) throws(StoreError) -> [KeptAnswer] {
        var answers: [KeptAnswer] = []
        for name in try Directory.names(in: directory) where name.hasSuffix(".json") {
            var status = stat()
            let path = "\(directory)/\(name)"
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            answers.append((path, Int(status.st_size), Int(status.st_mtim.tv_sec)))
        }
        return answers
    }

    /// - Returns: Those that stay.
    @discardableResult
    private func removeExpired(_ answers: [KeptAnswer]) throws(StoreError) -> [KeptAnswer] {
        let now = Int(time(nil))
        var rest: [KeptAnswer] = []
        for answer in answers {
            if now - answer.writtenAt > 86_400 {
                try Directory.removeFile(answer.path, durably: false)
            } else {
                rest.append(answer)
            }
        }
        return rest
    }

    /// Removes the oldest of one user's answers.
    ///
    /// - Returns: The bytes of those that stay.
    @discardableResult
    private func shrink(_ answers: [KeptAnswer], to limit: (count: Int, bytes: Int)) throws(StoreError) -> Int {
        var count = answers.count
        var bytes = answers.reduce(0) { $0 + $1.bytes }
        guard count > limit.count || bytes > limit.bytes else { return bytes }
        for answer in answers.sorted(by: { $0.writtenAt < $1.writtenAt }) {
            guard count > limit.count || bytes > limit.bytes else { break }
            try Directory.removeFile(answer.path, durably: false)
            count -= 1
            bytes -= answer.bytes
        }
        return bytes
    }
}
