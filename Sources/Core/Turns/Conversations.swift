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
    package func begin(_ request: TurnRequest) async throws -> RunningTurn {
        let candidates = try request.callerToken.map(Candidates.callerToken) ?? .pool(permittedPool(of: request))
        if let key = request.conversationKey { return try await begin(request, key: key, on: candidates) }
        guard let id = request.conversationID else {
            try checkSize(with: request)
            // Nobody else can send to a conversation that is not stored yet, so this one needs no lease.
            return try await open(request, on: candidates)
        }
        guard let turn = try await resume(.id(id), with: request) else { throw GatewayError.conversationNotFound }
        return turn
    }

    /// Begins one turn of the conversation whose thread the caller sent.
    ///
    /// Unlike ``begin(_:)`` with the id of a conversation it waits for nobody: the caller sent the whole thread, so
    /// that a conversation of its own serves as well.
    ///
    /// - Returns: Nil where no conversation has that thread or its turn is running.
    /// - Throws: ``GatewayError`` where that conversation cannot go on.
    package func begin(_ request: TurnRequest, after thread: String) async throws -> RunningTurn? {
        try await resume(.thread(thread), with: request)
    }

    /// Begins one turn of a conversation that is there.
    ///
    /// - Returns: Nil where there is none of that name, or the turn of a thread is running.
    /// - Throws: ``GatewayError`` 400 while a turn keeps running, 413 where it is too large to go on.
    func resume(_ name: Conversation.Name, with request: TurnRequest) async throws -> RunningTurn? {
        guard let (lease, conversation) = try await admit(to: name, for: request) else { return nil }
        guard case .thread(let thread) = name else {
            return try await continueConversation(conversation, with: request, holding: lease)
        }
        return try await continueConversation(conversation, with: request, holding: lease, thread: thread)
    }

    private func admit(to name: Conversation.Name, for request: TurnRequest) async throws -> (Lease, Conversation)? {
        // Another turn has to fit in.
        let limit = request.isArchived ? maxConversationBytes - request.turn(startedAt: .now).storedSize : .max
        let timeout = if case .thread = name { Duration.zero } else { queueTimeout }
        switch try await store.admit(to: name, of: request.user.archive, atMost: limit, timeout: timeout) {
        case .missing: return nil
        case .busy:
            if case .thread = name { return nil }
            throw GatewayError.conversationBusy
        case .admitted(let lease, let stored):
            guard let conversation = stored.conversation else {
                throw GatewayError.conversationTooLarge(maxConversationBytes)
            }
            return (lease, conversation)
        }
    }

    private func continueConversation(
        _ conversation: Conversation, with request: TurnRequest, holding lease: Lease, thread: String? = nil
    ) async throws -> RunningTurn {
        let candidates: Candidates
        switch (conversation.origin, request.callerToken) {
        case (.account(let id), nil):
            if dispatcher.pool.account(id)?.isPlus == true, !request.user.hasPlus { throw Self.plusNotAllowed }
            candidates = .account(id)
        case (.accessToken(let owner), let token?):
            guard owner == token.upstreamUser else { throw GatewayError.begunWithOtherToken }
            candidates = .callerToken(token)
        case (.account, _?): throw GatewayError.begunWithoutToken
        case (.accessToken, nil): throw GatewayError.begunWithToken
        }
        return try await open(request, on: candidates, in: conversation, holding: lease, thread: thread)
    }

    /// Sends the prompt; a conversation is begun where none is given.
    func open(
        _ request: TurnRequest, on candidates: Candidates, in conversation: Conversation? = nil,
        holding turnLease: Lease? = nil, thread: String? = nil
    ) async throws -> RunningTurn {
        let startedAt = Timestamp.now
        let model = try await permittedModel(of: request, on: candidates, after: conversation)
        var prompt = prompt(of: request, after: conversation, model: model)
        let allowance = try await dispatcher.limits.allow(prompt, of: request)
        var notice = dispatcher.limits.notice(allowance.hold.report)
        if !notice.warnings.isEmpty, let model = dispatcher.limits.settings.softModel, model != prompt.model,
            request.rights.models.contains(model), try await dispatcher.mayAnswer(candidates, model)
        {
            notice.model = model
            prompt = prompt.with(model: model)
        }
        request.notices.set(notice)
        let sent = prompt
        let ticket = watch.enter(request.user, request.key)
        let bill = Bill(dispatcher.ledger, for: request, prompt, at: startedAt)
        let opened: Dispatcher.Opened
        do {
            opened = try await ticket.run { [dispatcher] in
                try await dispatcher.open(sent, to: candidates, requestID: request.requestID, allowance, bill: bill)
            }
        } catch var error as GatewayError {
            error.limits = error.limits ?? notice.report
            throw error
        }
        return RunningTurn(
            conversations: self, request: request,
            conversation: conversation ?? begun(by: request, on: opened.lease.account, at: startedAt),
            startedAt: startedAt, opened: opened, allowance: allowance, turnLease: turnLease, ticket: ticket,
            bill: bill, threadBefore: thread)
    }

    private func begun(by request: TurnRequest, on account: Account, at startedAt: Timestamp) -> Conversation {
        let origin =
            request.callerToken.map { .accessToken(upstreamUser: $0.upstreamUser) }
            ?? Conversation.Origin.account(account.id)
        var conversation = Conversation(origin: origin, system: request.system ?? request.completion?.system)
        conversation.createdAt = startedAt
        return conversation
    }

    /// Gives a conversation another title.
    ///
    /// It waits for a running turn of the conversation, which knows the old title and would store it again.
    ///
    /// - Throws: ``GatewayError`` 404 where the user has no such conversation, 400 while a turn keeps running.
    func retitle(_ id: Conversation.ID, of user: User, to title: String) async throws {
        guard try await store.conversationSize(id, of: user.archive) != nil else {
            throw GatewayError.conversationNotFound
        }
        guard let lease = try await store.lease(.turn(id), timeout: queueTimeout) else {
            throw GatewayError.conversationBusy
        }
        defer { withExtendedLifetime(lease) {} }
        guard try await store.renameConversation(id, of: user.archive, to: title) else {
            throw GatewayError.conversationNotFound
        }
    }

    /// Refuses the prompt that is larger than a conversation may be.
    ///
    /// What the reply adds is not known yet, and has a limit of its own.
    func checkSize(with request: TurnRequest) throws(GatewayError) {
        guard request.isArchived, request.mostStoredBytes > maxConversationBytes,
            request.turn(startedAt: .now).storedSize > maxConversationBytes
        else { return }
        throw .promptTooLarge(maxConversationBytes)
    }

    /// Stores the last turn of `conversation`, and the rows of what it took.
    ///
    /// - Throws: ``GatewayError/conversationNotFound`` if it was removed while the answer was on its way: the
    ///   removal stands.
    func archive(
        _ conversation: Conversation, of request: TurnRequest, threadBefore: String?, threadsAfter: [String],
        _ rows: [UsageRow]
    ) async throws {
        guard request.isArchived else { return try await store.note(rows, by: request.user) }
        var rows = rows
        for place in rows.indices { rows[place].conversation = conversation.id }
        rows[0].turn = conversation.turns.last?.id
        let end = TurnEnd(
            of: conversation, in: request.user.archive, threadBefore: threadBefore, threadsAfter: threadsAfter,
            key: conversation.isNew ? request.conversationKey : nil, rows: rows, by: request.user)
        guard try await store.finish(end) else {
            throw GatewayError.conversationNotFound
        }
    }

    /// A title that the upstream gives within its time, else one cut from the prompt; and the row of that call.
    func title(
        for turn: Turn, of conversation: Conversation, from account: Account, _ bill: Bill
    ) async -> (title: String, row: UsageRow?) {
        let cut = Title.cut(from: turn.prompt)
        guard let driver = try? dispatcher.drivers.driver(for: account) else { return (cut, nil) }
        let start = Timestamp.now
        let user = bill.request.user.archive.digest
        typealias Outcome = Result<UpstreamTitle?, UpstreamError>
        let outcome = await withTaskGroup(of: Outcome?.self) { group -> Outcome? in
            group.addTask {
                do throws(UpstreamError) {
                    return .success(
                        try await driver.title(for: turn, of: conversation, from: account, user: user))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: self.titleTimeout)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            // What came of a call that took too long is known at once then.
            if let first { return first }
            return await group.next() ?? nil
        }
        let given = (try? outcome?.get())?.text
        if given == nil { log.info("no title given", metadata: ["request_id": "\(bill.request.requestID)"]) }
        let bytes = turn.prompt.prefix(1000).utf8.count + turn.reply.prefix(1000).utf8.count
        let row = outcome.flatMap {
            bill.row(
                ofTitle: $0, from: account, model: account.titleModel ?? turn.requestedModel, promptBytes: bytes,
                at: start)
        }
        return (given.flatMap(Title.clean) ?? cut, row)
    }

    private func permittedPool(of request: TurnRequest) throws -> AccountPool.Kind {
        switch request.pool {
        case .free: return .free
        case .any: return request.user.hasPlus ? .any : .free
        case .plus:
            guard request.user.hasPlus else { throw Self.plusNotAllowed }
            return .plus
        }
    }

    /// The model to ask for; nil leaves that to the upstream, where the caller may use all.
    ///
    /// Of a caller that names none and may not use all it is the first that it may use.
    private func permittedModel(
        of request: TurnRequest, on candidates: Candidates, after conversation: Conversation?
    ) async throws -> String? {
        let allowed = request.rights.models
        if let named = request.model, !allowed.contains(named) { throw GatewayError.modelNotFound }
        let usual = request.model ?? conversation.flatMap(model)
        if allowed.areAll { return usual }
        if let usual, allowed.contains(usual) { return usual }
        guard let first = try await dispatcher.models(of: candidates).first(where: allowed.contains) else {
            throw GatewayError.modelNotFound
        }
        return first
    }

    private func prompt(of request: TurnRequest, after conversation: Conversation?, model: String?) -> UpstreamPrompt {
        UpstreamPrompt(
            conversation: conversation, prompt: request.prompt,
            system: request.system, model: model, user: request.user.archive.digest,
            completion: request.completion)
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

    private static let plusNotAllowed = GatewayError(
        .plusNotAllowed, "This user may not use plus accounts. Send plus=false or ask the administrator.",
        parameter: "plus")
}

extension GatewayError {
    fileprivate static let conversationBusy = GatewayError(
        .conversationBusy, "Another message of this conversation is still being answered. Wait for it.")

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
