import Logging

/// Runs turns: finds the conversation, asks the upstream, archives what came of it.
package final class Conversations: Sendable {
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

    /// Begins one turn: returns once an upstream has begun to answer, and no other is tried any more.
    ///
    /// - Throws: ``GatewayError`` for everything that a caller can still be told with a status.
    package func begin(_ ask: Ask) async throws -> RunningTurn {
        if let caller = ask.callerAccount { return try await begin(ask, on: caller) }
        let pool = try permittedPool(of: ask)
        if let id = ask.conversationID { return try await goOn(ask, in: id) }
        return try await begin(ask, in: pool)
    }

    // Thousands of turns may wait in these at the same time. Inlined, each would hold what all of them need.

    @inline(never)
    private func begin(_ ask: Ask, in pool: AccountPool.Kind) async throws -> RunningTurn {
        var conversation = Conversation(origin: .account(Account.ID(rawValue: "")), system: ask.system)
        let startedAt = conversation.createdAt
        let (lease, reply) = try await dispatcher.start(prompt(of: ask, after: nil), in: pool, requestID: ask.requestID)
        conversation.origin = .account(lease.account.id)
        // Nobody else can send to a conversation that is not stored yet, so this one needs no lease.
        return RunningTurn(
            conversations: self, ask: ask, conversation: conversation, startedAt: startedAt, lease: lease,
            turnLease: nil, reply: reply)
    }

    @inline(never)
    private func goOn(_ ask: Ask, in id: Conversation.ID) async throws -> RunningTurn {
        let startedAt = Timestamp.now
        guard try await store.conversation(id, of: ask.user.id) != nil else {
            throw GatewayError.conversationNotFound
        }
        let turnLease = try await turnLease(in: id)
        // Read again under the lease: the turn before this one may have ended only now.
        guard let conversation = try await store.conversation(id, of: ask.user.id) else {
            throw GatewayError.conversationNotFound
        }
        guard case .account(let account) = conversation.origin else {
            throw GatewayError.begunWithToken
        }
        if dispatcher.pool.account(account)?.isPlus == true, !ask.user.hasPlus { throw Self.plusNotAllowed }
        let (lease, reply) = try await dispatcher.resume(
            prompt(of: ask, after: conversation), on: account, requestID: ask.requestID)
        return RunningTurn(
            conversations: self, ask: ask, conversation: conversation, startedAt: startedAt, lease: lease,
            turnLease: turnLease, reply: reply)
    }

    /// Stores the last turn of `conversation`.
    ///
    /// - Throws: ``GatewayError/conversationNotFound`` if it was removed while the answer was on its way: the
    ///   removal stands.
    func archive(_ conversation: Conversation, of ask: Ask) async throws {
        guard ask.isArchived else { return }
        guard try await store.appendTurn(of: conversation, of: ask.user.id) else {
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
            conversation: conversation,
            prompt: conversation == nil ? ask.completion?.wholeThread ?? ask.prompt : ask.prompt, system: ask.system,
            model: ask.model ?? conversation?.turns.last?.model, pseudonym: ask.user.id.pseudonym,
            completion: ask.completion)
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
