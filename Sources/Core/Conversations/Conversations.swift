import Logging

/// Runs turns: finds the conversation, asks the upstream, archives what came of it.
package struct Conversations: Sendable {
    let store: any Store
    let dispatcher: Dispatcher
    let titleTimeout: Duration
    /// How long a follow-up waits for the running turn of its conversation.
    let queueTimeout: Duration
    let log: Logger

    package init(
        store: any Store, dispatcher: Dispatcher, titleTimeout: Duration, queueTimeout: Duration, log: Logger
    ) {
        self.store = store
        self.dispatcher = dispatcher
        self.titleTimeout = titleTimeout
        self.queueTimeout = queueTimeout
        self.log = log
    }

    /// Runs one turn and returns its conversation, with the turn as the last, once that is stored.
    ///
    /// If the caller leaves (the task is cancelled) or the upstream breaks off, what had come by then is stored
    /// and marked, and the failure is thrown.
    ///
    /// - Parameter tell: Told of each event as it comes; if it throws, the caller is taken as gone.
    package func run(
        _ ask: Ask, telling tell: @Sendable (TurnEvent) async throws -> Void = { _ in }
    ) async throws -> Conversation {
        let startedAt = Timestamp.now
        let pool = try permittedPool(of: ask)
        guard let id = ask.conversationID else {
            var conversation = Conversation(origin: .account(Account.ID(rawValue: "")), system: ask.system)
            conversation.createdAt = startedAt
            let turnLease = try await store.leaseTurn(in: conversation.id)
            let (lease, reply) = try await dispatcher.start(
                prompt(of: ask, after: nil), in: pool, requestID: ask.requestID)
            conversation.origin = .account(lease.account.id)
            return try await withExtendedLease(turnLease) {
                try await finish(ask, conversation, startedAt, lease, reply, tell)
            }
        }
        guard try await store.conversation(id, of: ask.user.id) != nil else {
            throw GatewayError.conversationNotFound
        }
        let turnLease = try await turnLease(in: id)
        // Read again under the lease: the turn before this one may have ended only now.
        guard let conversation = try await store.conversation(id, of: ask.user.id) else {
            throw GatewayError.conversationNotFound
        }
        guard case .account(let account) = conversation.origin else {
            throw GatewayError(
                .accountUnavailable, "This conversation was begun with an access token and needs it to continue.")
        }
        if dispatcher.pool.account(account)?.isPlus == true, !ask.user.hasPlus { throw Self.plusNotAllowed }
        let (lease, reply) = try await dispatcher.resume(
            prompt(of: ask, after: conversation), on: account, requestID: ask.requestID)
        return try await withExtendedLease(turnLease) {
            try await finish(ask, conversation, startedAt, lease, reply, tell)
        }
    }

    private func finish(
        _ ask: Ask, _ before: Conversation, _ startedAt: Timestamp, _ lease: AccountLease, _ reply: UpstreamReply,
        _ tell: @Sendable (TurnEvent) async throws -> Void
    ) async throws -> Conversation {
        var conversation = before
        var turn = Turn(prompt: ask.prompt, reply: "", startedAt: startedAt)
        do {
            try await tell(.started(conversation.id))
            receiving: while true {
                switch try await reply.next() {
                case .text(let text):
                    turn.reply += text
                    try await tell(.text(text))
                case .finished(let finish):
                    turn.note(finish)
                    conversation.upstreamID = finish.conversationID ?? conversation.upstreamID
                    break receiving
                }
            }
        } catch {
            try await keepPart(of: turn, in: conversation, of: ask, after: error, lease: lease)
        }
        try await dispatcher.noteSuccess(of: lease.account)
        conversation.turns.append(turn)
        if conversation.turns.count == 1 {
            conversation.title = await title(for: turn, of: conversation, from: lease.account, requestID: ask.requestID)
        }
        try await archive(conversation, of: ask)
        return conversation
    }

    /// Stores what came before a failure, then throws that failure as the caller is to see it.
    private func keepPart(
        of turn: Turn, in before: Conversation, of ask: Ask, after error: any Error, lease: AccountLease
    ) async throws -> Never {
        let upstream = error as? UpstreamError
        let hasLeft = Task.isCancelled || upstream?.kind == .cancelled || upstream == nil
        if let upstream, !hasLeft {
            try await dispatcher.note(upstream, of: lease.account, requestID: ask.requestID)
        }
        var failure = hasLeft ? UpstreamError(.cancelled, .callerFault, "left").gatewayError : upstream?.gatewayError
        if !turn.reply.isEmpty {
            var turn = turn
            turn.outcome = hasLeft ? .interrupted : .truncated
            turn.usage = turn.usage ?? .estimate(prompt: turn.prompt, completion: turn.reply)
            var conversation = before
            conversation.turns.append(turn)
            if conversation.turns.count == 1 { conversation.title = Title.cut(from: turn.prompt) }
            try await archive(conversation, of: ask)
            failure?.conversationID = conversation.id
        }
        throw failure ?? error
    }

    private func archive(_ conversation: Conversation, of ask: Ask) async throws {
        guard try await store.appendTurn(of: conversation, of: ask.user.id) else {
            // Removed while the answer was on its way: the removal stands.
            throw GatewayError.conversationNotFound
        }
    }

    /// A title that the upstream gives within its time, else one cut from the prompt.
    private func title(
        for turn: Turn, of conversation: Conversation, from account: Account, requestID: String
    ) async -> String {
        let cut = Title.cut(from: turn.prompt)
        guard let driver = try? dispatcher.drivers.driver(for: account) else { return cut }
        let given = await withTaskGroup(of: String?.self) { group in
            group.addTask { try? await driver.title(for: turn, of: conversation, from: account) }
            group.addTask {
                try? await Task.sleep(for: titleTimeout)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if given == nil { log.info("no title given", metadata: ["request_id": "\(requestID)"]) }
        return given.flatMap(Title.clean) ?? cut
    }

    private func permittedPool(of ask: Ask) throws -> AccountPool.Kind {
        switch ask.pool {
        case .free: return .free
        case .any: return ask.user.hasPlus ? .any : .free
        case .plus:
            guard ask.user.hasPlus else { throw Self.plusNotAllowed }
            return .plus
        }
    }

    private func prompt(of ask: Ask, after conversation: Conversation?) -> UpstreamPrompt {
        UpstreamPrompt(
            conversation: conversation, prompt: ask.prompt, system: ask.system,
            model: ask.model ?? conversation?.turns.last?.model, pseudonym: ask.user.id.pseudonym)
    }

    /// Waits for the running turn of the conversation to end.
    private func turnLease(in id: Conversation.ID) async throws -> Lease {
        let end = ContinuousClock.now + queueTimeout
        var pause = Duration.milliseconds(5)
        while true {
            if let lease = try await store.leaseTurn(in: id) { return lease }
            guard ContinuousClock.now < end else {
                throw GatewayError(
                    .conversationBusy, "Another message of this conversation is still being answered. Wait for it.")
            }
            try await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    /// Keeps a lease to the end of `body`, which an optimiser might otherwise end earlier.
    private func withExtendedLease<Result>(
        _ lease: Lease?, _ body: () async throws -> Result
    ) async throws -> Result {
        defer { withExtendedLifetime(lease) {} }
        return try await body()
    }

    private static let plusNotAllowed = GatewayError(
        .plusNotAllowed, "This user may not use plus accounts. Send plus=false or ask the administrator.",
        parameter: "plus")
}

extension Turn {
    fileprivate mutating func note(_ finish: UpstreamFinish) {
        id = finish.messageID ?? id
        model = finish.model
        finishReason = finish.finishReason
        usage = finish.usage ?? .estimate(prompt: prompt, completion: reply)
    }
}
