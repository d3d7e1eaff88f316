import Synchronization

@testable import Core

/// An upstream that does what a test says and remembers what it was asked.
final class ScriptedDriver: UpstreamDriver {
    struct Asked: Sendable {
        var account: Account.ID
        var prompt: UpstreamPrompt
    }

    private let state = Mutex<(asked: [Asked], failures: [Account.ID: [UpstreamError]])>(([], [:]))
    private let title: String?
    private let reply: @Sendable (UpstreamPrompt) -> [Result<UpstreamEvent, UpstreamError>]

    init(
        title: String? = "A given title",
        reply: @escaping @Sendable (UpstreamPrompt) -> [Result<UpstreamEvent, UpstreamError>] = { prompt in
            [
                .success(.text("You said: ")), .success(.text(prompt.text)),
                .success(.finished(UpstreamFinish(model: "m", finishReason: "stop"))),
            ]
        }
    ) {
        self.title = title
        self.reply = reply
    }

    var asked: [Asked] { state.withLock { $0.asked } }

    /// Makes the next calls to `account` fail before the first byte.
    func fail(_ account: Account.ID, with errors: UpstreamError...) {
        state.withLock { $0.failures[account, default: []] += errors }
    }

    func send(_ prompt: UpstreamPrompt, to account: Account) async throws(UpstreamError) -> UpstreamReply {
        let failure = state.withLock { state -> UpstreamError? in
            state.asked.append(Asked(account: account.id, prompt: prompt))
            guard state.failures[account.id]?.isEmpty == false else { return nil }
            return state.failures[account.id]?.removeFirst()
        }
        if let failure { throw failure }
        let events = Mutex(reply(prompt)[...])
        return UpstreamReply { () async throws(UpstreamError) in
            guard let event = events.withLock({ $0.popFirst() }) else {
                throw UpstreamError(.truncated, .transient, "nothing more")
            }
            return try event.get()
        }
    }

    func title(
        for turn: Turn, of conversation: Conversation, from account: Account, pseudonym: String
    ) async throws(UpstreamError) -> String? { title }
}
