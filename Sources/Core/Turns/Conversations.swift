import Logging

/// Runs turns: finds the conversation, asks the upstream, archives what came of it.
package final class Conversations: Sendable {
    let store: any Store
    let dispatcher: Dispatcher
    let titleTimeout: Duration
    /// How long a follow-up waits for the running turn of its conversation.
    let queueTimeout: Duration
    /// The most bytes of a conversation's file with which another turn may begin.
    let maxConversationBytes: Int
    let log: Logger
    let watch: TurnWatch

    package init(
        store: any Store, dispatcher: Dispatcher, titleTimeout: Duration, queueTimeout: Duration,
        maxConversationBytes: Int, log: Logger
    ) {
        self.store = store
        self.dispatcher = dispatcher
        self.titleTimeout = titleTimeout
        self.queueTimeout = queueTimeout
        self.maxConversationBytes = maxConversationBytes
        self.log = log
        watch = TurnWatch(store: store)
    }

    /// Begins one turn: returns once an upstream has begun to answer, and no other is tried any more.
    ///
    /// - Throws: ``GatewayError`` for everything that a caller can still be told with a status.
    package func begin(_ ask: Ask) async throws -> RunningTurn {
        if let caller = ask.callerAccount { return try await begin(ask, on: caller) }
        let pool = try permittedPool(of: ask)
        if let id = ask.conversationID {
            let (lease, conversation) = try await hold(id, for: ask)
            return try await goOn(ask, in: conversation, holding: lease)
        }
        return try await begin(ask, in: pool)
    }

    /// Begins one turn of the conversation whose thread the caller sent.
    ///
    /// Unlike ``begin(_:)`` with the id of a conversation it waits for nobody: the caller sent the whole thread, so
    /// that a conversation of its own serves as well.
    ///
    /// - Returns: Nil where no conversation has that thread or its turn is running.
    /// - Throws: ``GatewayError`` where that conversation cannot go on.
    package func begin(_ ask: Ask, after thread: String) async throws -> RunningTurn? {
        guard let id = try await store.conversation(withThread: thread, of: ask.user.archive),
            let lease = try await store.leaseTurn(in: id),
            // Asked again under the lease: the conversation may have gone on until now.
            try await store.conversation(withThread: thread, of: ask.user.archive) == id
        else { return nil }
        return try await goOn(ask, in: try await read(id, for: ask), holding: lease, thread: thread)
    }

    // Thousands of turns may wait in these at the same time. Inlined, each would hold what all of them need.

    @inline(never)
    private func begin(_ ask: Ask, in pool: AccountPool.Kind) async throws -> RunningTurn {
        try checkSize(0, with: ask)
        var conversation = Conversation(
            origin: .account(Account.ID(rawValue: "")), system: ask.system ?? ask.completion?.system)
        let startedAt = conversation.createdAt
        let prompt = prompt(of: ask, after: nil)
        let ticket = watch.enter(ask.user, ask.key)
        let (lease, reply) = try await ticket.run { [dispatcher] in
            try await dispatcher.start(prompt, in: pool, requestID: ask.requestID)
        }
        conversation.origin = .account(lease.account.id)
        // Nobody else can send to a conversation that is not stored yet, so this one needs no lease.
        return RunningTurn(
            conversations: self, ask: ask, conversation: conversation, startedAt: startedAt, lease: lease,
            turnLease: nil, reply: reply, ticket: ticket)
    }

    @inline(never)
    private func goOn(
        _ ask: Ask, in conversation: Conversation, holding turnLease: Lease, thread: String? = nil
    ) async throws -> RunningTurn {
        let startedAt = Timestamp.now
        guard case .account(let account) = conversation.origin else {
            throw GatewayError.begunWithToken
        }
        if dispatcher.pool.account(account)?.isPlus == true, !ask.user.hasPlus { throw Self.plusNotAllowed }
        let prompt = prompt(of: ask, after: conversation)
        let ticket = watch.enter(ask.user, ask.key)
        let (lease, reply) = try await ticket.run { [dispatcher] in
            try await dispatcher.resume(prompt, on: account, requestID: ask.requestID)
        }
        return RunningTurn(
            conversations: self, ask: ask, conversation: conversation, startedAt: startedAt, lease: lease,
            turnLease: turnLease, reply: reply, ticket: ticket, threadBefore: thread)
    }

    /// Waits for the right to run a turn of the conversation, then reads it.
    ///
    /// - Throws: ``GatewayError`` 404 where the user has no such conversation, 413 where it is too large to go on.
    @inline(never)
    func hold(_ id: Conversation.ID, for ask: Ask) async throws -> (Lease, Conversation) {
        // Asked before the wait: nobody waits for another's conversation, or keeps it busy.
        guard try await store.conversationSize(id, of: ask.user.archive) != nil else {
            throw GatewayError.conversationNotFound
        }
        let lease = try await turnLease(in: id)
        return (lease, try await read(id, for: ask))
    }

    /// Reads the conversation, once it is known that another turn fits in.
    private func read(_ id: Conversation.ID, for ask: Ask) async throws -> Conversation {
        guard let size = try await store.conversationSize(id, of: ask.user.archive) else {
            throw GatewayError.conversationNotFound
        }
        try checkSize(size, with: ask)
        guard let conversation = try await store.conversation(id, of: ask.user.archive) else {
            throw GatewayError.conversationNotFound
        }
        return conversation
    }

    /// Refuses the turn that would make a conversation larger than it may be.
    ///
    /// What the reply adds is not known yet, and has a limit of its own.
    private func checkSize(_ size: Int, with ask: Ask) throws(GatewayError) {
        guard ask.isArchived, size + ask.turn(startedAt: .now).storedSize > maxConversationBytes else { return }
        throw size == 0 ? .promptTooLarge(maxConversationBytes) : .conversationTooLarge(maxConversationBytes)
    }

    /// Stores the last turn of `conversation`.
    ///
    /// - Throws: ``GatewayError/conversationNotFound`` if it was removed while the answer was on its way: the
    ///   removal stands.
    func archive(_ conversation: Conversation, of ask: Ask) async throws {
        guard ask.isArchived else { return }
        guard try await store.appendTurn(of: conversation, of: ask.user.archive) else {
            throw GatewayError.conversationNotFound
        }
    }

    /// A title that the upstream gives within its time, else one cut from the prompt.
    func title(
        for turn: Turn, of conversation: Conversation, from account: Account, pseudonym: String, requestID: String
    ) async -> String {
        let cut = Title.cut(from: turn.prompt)
        guard let driver = try? dispatcher.drivers.driver(for: account) else { return cut }
        let given = await withTaskGroup(of: String?.self) { group in
            group.addTask {
                try? await driver.title(for: turn, of: conversation, from: account, pseudonym: pseudonym)
            }
            group.addTask {
                try? await Task.sleep(for: self.titleTimeout)
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

    func prompt(of ask: Ask, after conversation: Conversation?) -> UpstreamPrompt {
        UpstreamPrompt(
            conversation: conversation, prompt: ask.prompt,
            system: ask.system, model: ask.model ?? conversation.flatMap(model), pseudonym: ask.user.archive.pseudonym,
            completion: ask.completion)
    }

    /// The model that a follow-up asks for where its caller names none: the one that was asked for last.
    ///
    /// What the upstream called its model is often a snapshot's name, for which it cannot be asked. Turns of old know
    /// that name only, which counts where the operator's settings list it.
    func model(of conversation: Conversation) -> String? {
        if let requested = conversation.turns.last(where: { $0.requestedModel != nil })?.requestedModel {
            return requested
        }
        guard case .account(let id) = conversation.origin, let model = conversation.turns.last?.model,
            dispatcher.pool.account(id)?.models.contains(model) ?? false
        else { return nil }
        return model
    }

    /// Waits for the running turn of the conversation to end.
    @inline(never)
    func turnLease(in id: Conversation.ID) async throws -> Lease {
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

    private static let plusNotAllowed = GatewayError(
        .plusNotAllowed, "This user may not use plus accounts. Send plus=false or ask the administrator.",
        parameter: "plus")
}

extension GatewayError {
    fileprivate static func conversationTooLarge(_ limit: Int) -> GatewayError {
        GatewayError(
            .conversationTooLarge,
            "This conversation is full: it may hold \(limit) bytes. It is kept; start a new one.",
            parameter: "conversation_id")
    }

    fileprivate static func promptTooLarge(_ limit: Int) -> GatewayError {
        GatewayError(.conversationTooLarge, "The prompt is too long: a conversation may hold \(limit) bytes.")
    }
}
