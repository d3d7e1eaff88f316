import Synchronization

@testable import Core

/// What a scripted upstream says.
enum ScriptedEvent: Sendable {
    case text(String)
    case finished(UpstreamFinish)
}

/// A reply of events that are all here.
private final class ScriptedReply: UpstreamReply {
    private(set) var collected = CollectedReply()
    private var events: ArraySlice<Result<ScriptedEvent, UpstreamError>>
    private var text = ""

    init(_ events: [Result<ScriptedEvent, UpstreamError>]) { self.events = events[...] }

    var hasMore: Bool { false }
    var control: ReplyControl { ReplyControl() }

    func next() async throws(UpstreamError) -> UpstreamEvent? {
        guard let event = events.popFirst() else { throw UpstreamError(.truncated, .transient, "nothing more") }
        switch try event.get() {
        case .text(let more):
            text += more
            collected = CollectedReply(text: text, finish: UpstreamFinish())
            return .text(EscapedText(more))
        case .finished(let finish):
            collected = CollectedReply(text: text, finish: finish)
            return nil
        }
    }
}

/// An upstream that does what a test says and remembers what it was asked.
final class ScriptedDriver: UpstreamDriver {
    struct Asked: Sendable {
        var account: Account.ID
        var prompt: UpstreamPrompt
    }

    private let state = Mutex<(asked: [Asked], failures: [Account.ID: [UpstreamError]])>(([], [:]))
    private let title: String?
    private let reply: @Sendable (UpstreamPrompt) -> [Result<ScriptedEvent, UpstreamError>]

    init(
        title: String? = "A given title",
        reply: @escaping @Sendable (UpstreamPrompt) -> [Result<ScriptedEvent, UpstreamError>] = { prompt in
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

    func send(_ prompt: UpstreamPrompt, to account: Account) async throws(UpstreamError) -> any UpstreamReply {
        let failure = state.withLock { state -> UpstreamError? in
            state.asked.append(Asked(account: account.id, prompt: prompt))
            guard state.failures[account.id]?.isEmpty == false else { return nil }
            return state.failures[account.id]?.removeFirst()
        }
        if let failure { throw failure }
        return ScriptedReply(reply(prompt))
    }

    func title(
        for turn: Turn, of conversation: Conversation, from account: Account, user: String
    ) async throws(UpstreamError) -> UpstreamTitle? { UpstreamTitle(text: title) }
}
