/// One tiny turn that is stored nowhere: whether an account answers, whatever others asked of it.
package struct AccountProbe: Sendable {
    let store: any Store
    let drivers: UpstreamDrivers

    /// Of the answer; more of it would only cost tokens.
    private static let mostEvents = 64

    /// - Parameters:
    ///   - timeout: How long it waits for a free slot.
    ///   - limit: How long it may take from then on; nil leaves that to the upstream's time-outs.
    func run(on account: Account, waiting timeout: Duration, within limit: Duration?) async throws -> ProbeOutcome {
        let choice = AccountChoice(.probe, among: [account])
        guard case .reserved(let lease) = try await store.reserve(choice, timeout: timeout) else { return .busy }
        defer { withExtendedLifetime(lease) {} }
        guard let limit else { return await turn(on: account) }
        return await withTaskGroup(of: ProbeOutcome?.self) { group in
            group.addTask { await turn(on: account) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return (await group.next() ?? nil) ?? .late
        }
    }

    private func turn(on account: Account) async -> ProbeOutcome {
        do throws(UpstreamError) {
            let prompt = UpstreamPrompt(prompt: "Answer with the word OK.", user: nil)
            let reply = try await drivers.driver(for: account).send(prompt, to: account)
            for _ in 0..<Self.mostEvents where try await reply.next() == nil { break }
            return .passed
        } catch {
            return .failed(error)
        }
    }
}
