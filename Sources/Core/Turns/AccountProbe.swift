/// One tiny turn that is stored nowhere: whether an account answers, whatever others asked of it.
package struct AccountProbe: Sendable {
    package enum Outcome: Sendable, Equatable {
        case passed
        case failed(UpstreamError)
        /// All slots of the account are taken.
        case busy
        /// Nothing was heard in time.
        case late
    }

    let store: any Store
    let drivers: UpstreamDrivers

    /// Of the answer; more of it would only cost tokens.
    private static let mostEvents = 64

    /// - Parameter limit: How long it may take in all; nil leaves that to the upstream's time-outs.
    func run(on account: Account, within limit: Duration?) async throws -> Outcome {
        guard case .taken(let slot) = try await store.reserveSlot(of: account) else { return .busy }
        defer { withExtendedLifetime(slot) {} }
        guard let limit else { return await turn(on: account) }
        return await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await turn(on: account) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return (await group.next() ?? nil) ?? .late
        }
    }

    private func turn(on account: Account) async -> Outcome {
        do throws(UpstreamError) {
            let prompt = UpstreamPrompt(prompt: "Answer with the word OK.", pseudonym: "u-test")
            let reply = try await drivers.driver(for: account).send(prompt, to: account)
            for _ in 0..<Self.mostEvents where try await reply.next() == nil { break }
            return .passed
        } catch {
            return .failed(error)
        }
    }
}
