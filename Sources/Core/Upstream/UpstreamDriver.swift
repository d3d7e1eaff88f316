/// Speaks one upstream's protocol.
///
/// A driver sees what is asked, and neither the caller's HTTP request nor its key.
package protocol UpstreamDriver: Sendable {
    /// Sends a prompt and returns once the first piece of a good answer is here.
    ///
    /// Until it returns another account may be tried; afterwards the turn belongs to this one. Cancelling the
    /// task closes the upstream connection at once.
    func send(_ prompt: UpstreamPrompt, to account: Account) async throws(UpstreamError) -> any UpstreamReply

    /// A title for a conversation whose first turn just ended; nil where the upstream was not asked.
    ///
    /// - Parameter user: As in ``UpstreamPrompt/user``.
    func title(
        for turn: Turn, of conversation: Conversation, from account: Account, user: String
    ) async throws(UpstreamError) -> UpstreamTitle?

    /// Asks the upstream which models an account offers, in its order; empty where it does not say. May take long.
    func models(of account: Account) async throws(UpstreamError) -> UpstreamModels

    /// The models that an account is taken to offer until its upstream was asked; nil where that is not known.
    func standardModels(of account: Account) -> [String]?
}

extension UpstreamDriver {
    package func models(of account: Account) async throws(UpstreamError) -> UpstreamModels {
        UpstreamModels(account.models.map { UpstreamModel($0) })
    }

    package func standardModels(of account: Account) -> [String]? { nil }
}

/// What an upstream that was asked for a title gave.
package struct UpstreamTitle: Sendable, Equatable {
    /// Nil where it has none to give.
    package var text: String?
    package var model: String?
    package var usage: TokenUsage?

    package init(text: String?, model: String? = nil, usage: TokenUsage? = nil) {
        self.text = text
        self.model = model
        self.usage = usage
    }
}

/// What is asked of an upstream.
package final class UpstreamPrompt: Sendable {
    /// The thread so far, without this prompt; nil for a new one.
    package let conversation: Conversation?
    /// What the caller said; empty where `completion` holds it.
    package let prompt: String
    package let system: String?
    /// The wanted model; nil leaves the choice to the account.
    package let model: String?
    /// The digest of the user's archive, nil where the gateway itself asks.
    ///
    /// It stays here: an upstream is told a pseudonym at most.
    package let user: String?
    /// The request of a caller that speaks the OpenAI API itself.
    package let completion: CompletionRequest?
    /// The most tokens that each choice of the answer may be, whatever the caller wants; nil where that is not limited.
    package let mostCompletion: Int?

    package init(
        conversation: Conversation? = nil, prompt: String, system: String? = nil, model: String? = nil,
        user: String?, completion: CompletionRequest? = nil, mostCompletion: Int? = nil
    ) {
        self.conversation = conversation
        self.prompt = prompt
        self.system = system
        self.model = model
        self.user = user
        self.completion = completion
        self.mostCompletion = mostCompletion
    }

    /// The same for another model.
    func with(model: String) -> UpstreamPrompt {
        UpstreamPrompt(
            conversation: conversation, prompt: prompt, system: system, model: model, user: user,
            completion: completion, mostCompletion: mostCompletion)
    }

    /// The same with an end of the answer.
    func with(mostCompletion: Int) -> UpstreamPrompt {
        UpstreamPrompt(
            conversation: conversation, prompt: prompt, system: system, model: model, user: user,
            completion: completion, mostCompletion: mostCompletion)
    }

    /// What is asked as one text, for upstreams that take no thread.
    package var text: String {
        guard let completion else { return prompt }
        return (conversation == nil ? completion.wholeThread : nil) ?? completion.newText
    }
}

/// One piece of an upstream's answer, for the caller.
package enum UpstreamEvent: Sendable, Equatable {
    /// More of the reply's text.
    case text(EscapedText)
    /// The whole text so far in place of what came before it.
    case replaced(EscapedText)
    /// A chunk or a whole completion as the upstream sent it, where a ``CompletionRequest`` asked for one: a JSON object
    /// without `conversation_id`, a chunk's without line ends, and without a usage that the caller did not ask for.
    case passed(ArraySlice<UInt8>)
    /// ``ReplyControl/wake`` was called while nothing came.
    case silence
}

/// What is known at the end of a reply.
package struct UpstreamFinish: Sendable, Equatable {
    package var model: String?
    package var finishReason: String?
    package var usage: TokenUsage?
    /// The upstream's ids of the reply's message and of the thread, where it has them.
    package var messageID: String?
    package var conversationID: String?

    package init(
        model: String? = nil, finishReason: String? = nil, usage: TokenUsage? = nil, messageID: String? = nil,
        conversationID: String? = nil
    ) {
        self.model = model
        self.finishReason = finishReason
        self.usage = usage
        self.messageID = messageID
        self.conversationID = conversationID
    }
}

/// An answer that is on its way, pulled piece by piece by one task at a time.
///
/// The connection is closed with the last use of it.
package protocol UpstreamReply: AnyObject {
    /// What has come until now.
    var collected: CollectedReply { get }
    /// Whether another event is here already, so that what came before it may wait to be sent along.
    var hasMore: Bool { get }
    var control: ReplyControl { get }

    /// The next event, nil at the end of a whole reply; what came before a failure is given out before it.
    func next() async throws(UpstreamError) -> UpstreamEvent?

    /// When the last chunk was sent beside the events, since ``next()`` was called last; nil if none was.
    var lastPass: ContinuousClock.Instant? { get }

    /// Lets what comes while a task waits in ``next()`` be sent to the caller beside the events, where that is all that
    /// is to be done with it: chunks that the caller gets with other members in front.
    ///
    /// - Parameters:
    ///   - opening: The brace and those members, with a comma behind them.
    ///   - send: Sends all of its bytes at once or nothing. Called on the loop.
    func passOn(after opening: [UInt8], with send: @escaping ([UInt8]) -> Bool)
}

extension UpstreamReply {
    package var lastPass: ContinuousClock.Instant? { nil }

    package func passOn(after opening: [UInt8], with send: @escaping ([UInt8]) -> Bool) {}
}

/// What others may do to a reply that a task waits for.
package struct ReplyControl: Sendable {
    /// Closes the connection; ``UpstreamReply/next()`` then fails as cancelled.
    package var cancel: @Sendable () -> Void = {}
    /// Makes a task that waits in ``UpstreamReply/next()`` go on with ``UpstreamEvent/silence``.
    package var wake: @Sendable () -> Void = {}
}

/// A reply of one text that is already here.
final class WholeReply: UpstreamReply {
    let collected: CollectedReply
    private var isTold = false

    init(_ text: String, _ finish: UpstreamFinish) { collected = CollectedReply(text: text, finish: finish) }

    var hasMore: Bool { false }
    var control: ReplyControl { ReplyControl() }

    func next() async throws(UpstreamError) -> UpstreamEvent? {
        defer { isTold = true }
        return isTold ? nil : .text(collected.text)
    }
}
