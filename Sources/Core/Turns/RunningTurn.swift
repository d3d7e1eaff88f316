/// A turn whose answer has begun, pulled by one task: ask for events to the end, then close it.
///
/// It holds its conversation and its account until its last use. Dropped before it is closed it stores nothing, but what
/// it took is counted.
package final class RunningTurn {
    private let conversations: Conversations
    private let request: TurnRequest
    /// The conversation before this turn.
    package let conversation: Conversation
    private let startedAt: Timestamp
    private let lease: AccountLease
    /// Kept, not read: its end lets the next turn of the conversation run.
    private let turnLease: Lease?
    /// The thread that named the conversation, where the caller did not.
    private let threadBefore: String?
    private let reply: any UpstreamReply
    /// What is reserved of the caller's limits, and of those of the account.
    private let allowance: TurnAllowance
    private let accountHold: LimitHold?
    /// Says when the caller may not go on.
    private let ticket: TurnWatch.Ticket
    /// Makes the rows of what the turn took.
    private let bill: Bill
    private var stage = Stage.answering
    /// What the turn took, once that is known: its own row, and that of the title.
    private var rows: [UsageRow] = []
    private var isSettled = false

    private enum Stage {
        case answering
        /// The reply is whole; its conversation gets its title.
        case titling(Conversation, Pending<(title: String, row: UsageRow?)>)
        case whole(Conversation)
    }

    init(
        conversations: Conversations, request: TurnRequest, conversation: Conversation, startedAt: Timestamp,
        opened: Dispatcher.Opened, allowance: TurnAllowance, turnLease: Lease?, ticket: TurnWatch.Ticket, bill: Bill,
        threadBefore: String? = nil
    ) {
        self.conversations = conversations
        self.request = request
        self.conversation = conversation
        self.startedAt = startedAt
        lease = opened.lease
        reply = opened.reply
        accountHold = opened.hold
        self.allowance = allowance
        self.turnLease = turnLease
        self.threadBefore = threadBefore
        self.ticket = ticket
        self.bill = bill
        ticket.control(reply.control)
    }

    deinit { settle() }

    /// Counts what the turn took, as far as it is known; only the first time counts.
    private func settle() {
        guard !isSettled else { return }
        isSettled = true
        let rows = rows.isEmpty ? [bill.row(of: reply.collected, from: lease.account, .ok)] : rows
        accountHold?.settle(LimitHold.End(of: rows))
        allowance.settle(rows)
    }

    /// Seconds since 1970, as the OpenAI API gives it.
    package var createdSecond: Int { Int(startedAt.microsecondsSinceEpoch / 1_000_000) }

    /// Whether another event is here already, so that what came before it may wait to be sent along.
    package var hasMore: Bool {
        if case .answering = stage { reply.hasMore } else { false }
    }

    /// Lets chunks go to the caller beside the events; see ``UpstreamReply/passOn(after:with:)``.
    func passOn(after opening: [UInt8], with send: @escaping ([UInt8]) -> Bool) {
        reply.passOn(after: opening, with: send)
    }

    /// The next event, nil once the turn can be closed.
    ///
    /// After a failure, here or in what is done with the event, ``interrupt(by:)`` stores what has come.
    ///
    /// - Parameter silence: After about this time without anything ``UpstreamEvent/silence`` is given.
    package func next(silence: Duration? = nil) async throws -> UpstreamEvent? {
        var last = ContinuousClock.now
        while true {
            switch stage {
            case .answering:
                ticket.wake(at: silence.map { last + $0 })
                let event = try await reply.next()
                if ticket.refusal != nil { throw CancellationError() }
                if event == .silence, let pass = reply.lastPass {
                    last = pass
                    continue
                }
                if let event { return event }
                try await endReply()
            case .titling(var whole, let title):
                guard let (title, row) = try await title.value(within: silence) else { return .silence }
                whole.title = title
                if let row { rows.append(row) }
                stage = .whole(whole)
            case .whole: return nil
            }
        }
    }

    /// Notes that the reply is whole, and asks for a title where one is due.
    private func endReply() async throws {
        try await conversations.dispatcher.noteSuccess(of: lease.account)
        let whole = conversation(with: reply.collected, outcome: .complete)
        rows = [bill.row(of: reply.collected, from: lease.account, .ok)]
        guard whole.isNew, request.completion == nil, let turn = whole.turns.last else {
            stage = .whole(whole)
            return
        }
        let title = Pending { [conversations, lease, bill] in
            await conversations.title(for: turn, of: whole, from: lease.account, bill)
        }
        stage = .titling(whole, title)
    }

    /// Ends a turn that was broken off: the caller left (the task is cancelled or an event could not be sent), the
    /// caller may not go on, or the upstream failed.
    ///
    /// It returns where the turn is whole nevertheless, and is then to be closed.
    ///
    /// - Throws: The failure as the caller is to see it, once what had come is stored and marked.
    package func interrupt(by error: any Error) async throws {
        guard case .answering = stage else { return }
        let part = reply.collected
        if let refusal = ticket.refusal {
            do { try await keep(part, after: CancellationError()) } catch { throw refusal }
        }
        // A caller that leaves between the last word and the end mark has all it wanted.
        if part.hasFinishReason, isDeparture(error) { return }
        try await keep(part, after: error)
    }

    /// Stores the turn and returns its conversation with the turn as the last.
    package func close() async throws -> Conversation {
        if case .answering = stage { try await endReply() }
        while try await next() != nil {}
        guard case .whole(let whole) = stage else { throw CancellationError() }
        defer { settle() }
        try await conversations.archive(
            whole, of: request, threadBefore: threadBefore, threadsAfter: threads(after: reply.collected), rows)
        return whole
    }

    /// Receives all of the answer and closes the turn.
    ///
    /// - Parameter take: Gets each event.
    package func finish(_ take: (UpstreamEvent) -> Void = { _ in }) async throws -> Conversation {
        do {
            while let event = try await next() { take(event) }
        } catch { try await interrupt(by: error) }
        return try await close()
    }

    /// The threads by which the caller's next call is known: it goes on with any of the choices.
    private func threads(after collected: CollectedReply) -> [String] {
        guard let thread = request.completion?.thread else { return [] }
        return collected.messages.map { thread.with($0) }
    }

    /// The conversation with this turn as its last, and where it is new with the turns that the caller sent along.
    private func conversation(with collected: CollectedReply, outcome: Turn.Outcome) -> Conversation {
        var turn = request.turn(startedAt: startedAt)
        collected.put(into: &turn)
        turn.outcome = outcome
        turn.requestedModel = request.model ?? conversations.model(of: conversation)
        var whole = conversation
        whole.upstreamID = collected.finish.conversationID ?? conversation.upstreamID
        if whole.turns.isEmpty, request.isArchived, let completion = request.completion, completion.hasGivenTurns {
            let room = conversations.maxConversationBytes - turn.storedSize
            whole.turns = completion.givenTurns(at: startedAt, room: room)
        }
        whole.turns.append(turn)
        if whole.isNew {
            let prompt = whole.turns.first { !$0.prompt.allSatisfy(\.isWhitespace) }?.prompt
            whole.title = Title.cut(from: prompt ?? "")
        }
        return whole
    }

    private func isDeparture(_ error: any Error) -> Bool {
        guard !Task.isCancelled, let error = error as? UpstreamError else { return true }
        return error.kind == .cancelled
    }

    /// Stores what came before a failure, then throws that failure as the caller is to see it.
    private func keep(_ part: CollectedReply, after error: any Error) async throws -> Never {
        let hasLeft = isDeparture(error)
        let upstream = hasLeft ? UpstreamError(.cancelled, .callerFault, "left") : error as? UpstreamError
        guard let upstream else { throw error }
        try await conversations.dispatcher.note(
            upstream, of: lease.account, by: request.user.archive.digest, requestID: request.requestID)
        defer { settle() }
        var failure = upstream.gatewayError
        rows = [bill.row(of: part, from: lease.account, hasLeft ? .interrupted : .truncated)]
        if part.isEmpty {
            // The prompt was paid nevertheless.
            try await conversations.store.note(rows, by: request.user)
        } else {
            let kept = conversation(with: part, outcome: hasLeft ? .interrupted : .truncated)
            // A caller that stopped the answer goes on with what it has of it, one that lost it asks once more.
            try await conversations.archive(
                kept, of: request, threadBefore: nil, threadsAfter: threads(after: part), rows)
            failure.conversationID = kept.id
        }
        throw failure
    }
}
