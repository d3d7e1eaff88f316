/// One tiny turn that is stored nowhere: whether an account answers, whatever others asked of it.
package struct AccountProbe: Sendable {
    let store: any Store
    let drivers: UpstreamDrivers
    let ledger: UsageLedger

    /// Of the answer; more of it would only cost tokens.
    private static let mostEvents = 64

    /// - Parameters:
    ///   - timeout: How long it waits for a free slot.
    ///   - limit: How long it may take from then on; nil leaves that to the upstream's time-outs.
    ///   - user: Who wants to know, where it is a person.
    func run(
        on account: Account, waiting timeout: Duration, within limit: Duration?, for user: User? = nil,
        requestID: String? = nil
    ) async throws -> ProbeOutcome {
        let choice = AccountChoice(.probe, among: [account])
        guard case .reserved(let lease) = try await store.reserve(choice, timeout: timeout) else { return .busy }
        defer { withExtendedLifetime(lease) {} }
        guard let limit else { return try await turn(on: account, for: user, requestID) }
        return try await withThrowingTaskGroup(of: ProbeOutcome?.self) { group in
            group.addTask { try await turn(on: account, for: user, requestID) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return (try await group.next() ?? nil) ?? .late
        }
    }

    private func turn(on account: Account, for user: User?, _ requestID: String?) async throws -> ProbeOutcome {
        let start = Timestamp.now
        var collected = CollectedReply()
        let outcome: ProbeOutcome
        var failure: UpstreamError?
        do throws(UpstreamError) {
            let prompt = UpstreamPrompt(prompt: Self.words, user: nil)
            let reply = try await drivers.driver(for: account).send(prompt, to: account)
            defer { collected = reply.collected }
            for _ in 0..<Self.mostEvents where try await reply.next() == nil { break }
            outcome = .passed
        } catch {
            guard error.wasSent else { return .failed(error) }
            failure = error
            outcome = .failed(error)
        }
        let bytes = Self.words.utf8.count
        let usage =
            collected.finish.usage ?? failure?.usage(promptBytes: bytes)
            ?? .estimate(promptBytes: bytes, completionBytes: collected.size)
        var row = ledger.row(
            of: account, .test, model: nil, answeredBy: collected.finish.model, usage, failure?.outcome ?? .ok,
            at: start, requestID: requestID)
        row.user = user?.ledgerID
        try await store.note([row], by: user)
        return outcome
    }

    private static let words = "Answer with the word OK."
}
