/// A turn whose answer has begun.
///
/// It holds its conversation and its account until it is finished or dropped.
package final class RunningTurn: Sendable {
    let conversations: Conversations
    let ask: Ask
    /// The conversation before this turn.
    package let conversation: Conversation
    let startedAt: Timestamp
    let lease: AccountLease
    /// Kept, not read: its end lets the next turn of the conversation run.
    let turnLease: Lease?
    /// The thread that named the conversation, where the caller did not.
    let threadBefore: String?
    let reply: UpstreamReply
    /// Says when the caller may not go on.
    let ticket: TurnWatch.Ticket

    init(
        conversations: Conversations, ask: Ask, conversation: Conversation, startedAt: Timestamp, lease: AccountLease,
        turnLease: Lease?, reply: UpstreamReply, ticket: TurnWatch.Ticket, threadBefore: String? = nil
    ) {
        self.conversations = conversations
        self.ask = ask
        self.conversation = conversation
        self.startedAt = startedAt
        self.lease = lease
        self.turnLease = turnLease
        self.reply = reply
        self.threadBefore = threadBefore
        self.ticket = ticket
        ticket.onEnd(reply.cancel)
    }

    /// Receives the rest of the answer, stores the turn, and returns its conversation with the turn as the last.
    ///
    /// If the caller leaves (the task is cancelled or `tell` throws) or the upstream breaks off, what had come by
    /// then is stored and marked, and the failure is thrown.
    ///
    /// - Parameter tell: Told of each event as it comes, but not of the end, and whether another is here already.
    package func finish(
        telling tell: @Sendable (UpstreamEvent, _ isFollowed: Bool) async throws -> Void = { _, _ in }
    ) async throws -> Conversation {
        defer { withExtendedLifetime(turnLease) {} }
        var collected = CollectedReply()
        do { try await receive(&collected, tell) } catch {
            if let refusal = ticket.refusal {
                do { try await keepPart(collected, after: CancellationError()) } catch { throw refusal }
            }
            let wasWhole = collected.hasFinishReason && isDeparture(error)
            // A caller that leaves between the last word and the end mark has all it wanted.
            guard wasWhole else { try await keepPart(collected, after: error) }
        }
        return try await store(collected)
    }

    // Thousands of turns may be in `receive` at the same time. Inlined, each would hold what comes after it, too.

    @inline(never)
    private func receive(
        _ collected: inout CollectedReply,
        _ tell: @Sendable (UpstreamEvent, _ isFollowed: Bool) async throws -> Void
    ) async throws {
        while true {
            let event = try await reply.next()
            if ticket.refusal != nil { throw CancellationError() }
            guard collected.take(event) else { return }
            try await tell(event, reply.hasMore())
        }
    }

    @inline(never)
    private func store(_ collected: CollectedReply) async throws -> Conversation {
        try await conversations.dispatcher.noteSuccess(of: lease.account)
        var whole = conversation(with: collected, outcome: .complete)
        if whole.isNew, ask.completion == nil, let turn = whole.turns.last {
            whole.title = await conversations.title(
                for: turn, of: whole, from: lease.account, pseudonym: ask.user.archive.pseudonym,
                requestID: ask.requestID)
        }
        try await conversations.archive(
            whole, of: ask, threadBefore: threadBefore, threadsAfter: threads(after: collected))
        return whole
    }

    /// The threads by which the caller's next call is known: it goes on with any of the choices.
    private func threads(after collected: CollectedReply) -> [String] {
        guard let thread = ask.completion?.thread else { return [] }
        return collected.messages.map { thread.with($0) }
    }

    /// The conversation with this turn as its last, and where it is new with the turns that the caller sent along.
    private func conversation(with collected: CollectedReply, outcome: Turn.Outcome) -> Conversation {
        var turn = ask.turn(startedAt: startedAt)
        collected.put(into: &turn)
        turn.outcome = outcome
        turn.requestedModel = ask.model ?? conversations.model(of: conversation)
        var whole = conversation
        whole.upstreamID = collected.finish.conversationID ?? conversation.upstreamID
        if whole.turns.isEmpty, ask.isArchived, let completion = ask.completion {
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
    @inline(never)
    private func keepPart(_ part: CollectedReply, after error: any Error) async throws -> Never {
        let hasLeft = isDeparture(error)
        let upstream = hasLeft ? UpstreamError(.cancelled, .callerFault, "left") : error as? UpstreamError
        guard let upstream else { throw error }
        try await conversations.dispatcher.note(
            upstream, of: lease.account, by: ask.user.archive.pseudonym, requestID: ask.requestID)
        var failure = upstream.gatewayError
        if !part.isEmpty {
            let kept = conversation(with: part, outcome: hasLeft ? .interrupted : .truncated)
            // A caller that stopped the answer goes on with what it has of it, one that lost it asks once more.
            try await conversations.archive(kept, of: ask, threadBefore: nil, threadsAfter: threads(after: part))
            failure.conversationID = kept.id
        }
        throw failure
    }
}

extension RunningTurn {
    /// Seconds since 1970, as the OpenAI API gives it.
    var createdSecond: Int { Int(startedAt.microsecondsSinceEpoch / 1_000_000) }
}
