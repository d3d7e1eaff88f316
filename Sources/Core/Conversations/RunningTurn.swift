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
    let reply: UpstreamReply

    init(
        conversations: Conversations, ask: Ask, conversation: Conversation, startedAt: Timestamp, lease: AccountLease,
        turnLease: Lease?, reply: UpstreamReply
    ) {
        self.conversations = conversations
        self.ask = ask
        self.conversation = conversation
        self.startedAt = startedAt
        self.lease = lease
        self.turnLease = turnLease
        self.reply = reply
    }

    /// The most bytes of a reply, several times what any model writes at once.
    private static let replyLimit = 1 << 20

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
        var turn = Turn(prompt: ask.prompt, reply: "", startedAt: startedAt)
        var upstreamID = conversation.upstreamID
        do { try await receive(&turn, &upstreamID, tell) } catch let ended as Ended {
            do { try await keepPart(of: turn, upstreamID: upstreamID, after: CancellationError()) } catch {
                throw ended.refusal
            }
        } catch {
            let wasWhole = turn.finishReason != nil && isDeparture(error)
            // A caller that leaves between the last word and the end mark has all it wanted.
            guard wasWhole else { try await keepPart(of: turn, upstreamID: upstreamID, after: error) }
        }
        return try await store(turn, upstreamID: upstreamID)
    }

    // Thousands of turns may be in `receive` at the same time. Inlined, each would hold what comes after it, too.

    @inline(never)
    private func receive(
        _ turn: inout Turn, _ upstreamID: inout String?,
        _ tell: @Sendable (UpstreamEvent, _ isFollowed: Bool) async throws -> Void
    ) async throws {
        var checkedAt = ContinuousClock.now - Self.checkEvery
        while true {
            let event = try await reply.next()
            if ContinuousClock.now - checkedAt >= Self.checkEvery {
                try await endIfRefused()
                checkedAt = .now
            }
            guard turn.take(event, &upstreamID) else { return }
            guard turn.reply.utf8.count <= Self.replyLimit else {
                throw UpstreamError(.badReply, .transient, "reply without end")
            }
            try await tell(event, reply.hasMore())
        }
    }

    /// Ends the turn of somebody who was removed or disabled, or whose key was taken, since it began.
    @inline(never)
    private func endIfRefused() async throws {
        // Where that cannot be told now the next look tells it.
        let standing = try? await conversations.store.mayGoOn(ask.user, calledWith: ask.key)
        if let refusal = standing?.refusal { throw Ended(refusal: refusal) }
    }

    /// A turn that its caller may not go on with.
    private struct Ended: Error { let refusal: GatewayError }

    /// How often it is looked whether the caller may go on, at the next piece.
    private static let checkEvery = Duration.seconds(1)

    @inline(never)
    private func store(_ received: Turn, upstreamID: String?) async throws -> Conversation {
        var turn = received
        turn.usage = turn.usage ?? .estimate(prompt: turn.prompt, completion: turn.reply)
        try await conversations.dispatcher.noteSuccess(of: lease.account)
        var whole = conversation
        whole.upstreamID = upstreamID
        whole.turns.append(turn)
        if whole.turns.count == 1 {
            whole.title =
                ask.completion == nil
                ? await conversations.title(for: turn, of: whole, from: lease.account, requestID: ask.requestID)
                : Title.cut(from: turn.prompt)
        }
        try await conversations.archive(whole, of: ask)
        return whole
    }

    private func isDeparture(_ error: any Error) -> Bool {
        guard !Task.isCancelled, let error = error as? UpstreamError else { return true }
        return error.kind == .cancelled
    }

    /// Stores what came before a failure, then throws that failure as the caller is to see it.
    @inline(never)
    private func keepPart(of part: Turn, upstreamID: String?, after error: any Error) async throws -> Never {
        let hasLeft = isDeparture(error)
        let upstream = hasLeft ? UpstreamError(.cancelled, .callerFault, "left") : error as? UpstreamError
        guard let upstream else { throw error }
        try await conversations.dispatcher.note(upstream, of: lease.account, requestID: ask.requestID)
        var failure = upstream.gatewayError
        if !part.reply.isEmpty {
            var turn = part
            turn.outcome = hasLeft ? .interrupted : .truncated
            turn.usage = turn.usage ?? .estimate(prompt: turn.prompt, completion: turn.reply)
            var kept = conversation
            kept.upstreamID = upstreamID
            kept.turns.append(turn)
            if kept.turns.count == 1 { kept.title = Title.cut(from: turn.prompt) }
            try await conversations.archive(kept, of: ask)
            failure.conversationID = kept.id
        }
        throw failure
    }
}

extension RunningTurn {
    /// Seconds since 1970, as the OpenAI API gives it.
    var createdSecond: Int { Int(startedAt.microsecondsSinceEpoch / 1_000_000) }
}

extension Turn {
    /// Adds what an event tells; false for the end.
    @inline(never)
    fileprivate mutating func take(_ event: UpstreamEvent, _ upstreamID: inout String?) -> Bool {
        switch event {
        case .text(let text): reply += text
        case .replaced(let text): reply = text
        case .identified(let known):
            note(known)
            upstreamID = known.conversationID ?? upstreamID
        case .chunk(let chunk): note(chunk: chunk)
        case .completion(let completion): note(completion: completion)
        case .finished(let finish):
            note(finish)
            upstreamID = finish.conversationID ?? upstreamID
            return false
        }
        return true
    }

    fileprivate mutating func note(_ finish: UpstreamFinish) {
        id = finish.messageID ?? id
        model = finish.model ?? model
        finishReason = finish.finishReason ?? finishReason
        usage = finish.usage ?? usage
    }

    fileprivate mutating func note(chunk: JSON) {
        let choice = chunk["choices"]?[0]
        reply += choice?["delta"]?["content"]?.string ?? ""
        finishReason = choice?["finish_reason"]?.string ?? finishReason
        model = chunk["model"]?.string ?? model
        usage = TokenUsage(json: chunk["usage"]) ?? usage
    }

    fileprivate mutating func note(completion: JSON) {
        let choice = completion["choices"]?[0]
        reply = CompletionRequest.text(of: choice?["message"])
        finishReason = choice?["finish_reason"]?.string
        model = completion["model"]?.string
        usage = TokenUsage(json: completion["usage"])
    }
}
