/// Writes down what calls of upstreams took, with the prices of the settings.
package struct UsageLedger: Sendable {
    let store: any Store
    let prices: Prices
    /// The operator's, which says where a day begins.
    let zone: TimeZone

    package init(store: any Store, prices: Prices = Prices(), zone: TimeZone = .utc) {
        self.store = store
        self.prices = prices
        self.zone = zone
    }

    /// A row without what says whose it is.
    func row(
        of account: Account, _ kind: UsageRow.Kind, model: String?, answeredBy answering: String?, _ usage: TokenUsage,
        _ outcome: UsageRow.Outcome, at start: Timestamp, day: Day? = nil, requestID: String?
    ) -> UsageRow {
        // With a token of its own the caller pays the upstream itself.
        let price = account.isEphemeral ? nil : prices.price(of: model, answering, account.models.first)
        return UsageRow(
            at: start, day: day ?? zone.day(of: start), requestID: requestID, account: account.id.rawValue,
            model: model ?? answering ?? account.models.first, kind: kind, usage: usage,
            price: price, currency: prices.currency,
            milliseconds: max(0, Int((Timestamp.now - start).microseconds / 1000)), outcome: outcome)
    }
}

/// What the rows of one turn have in common: whose it is, and when it began.
struct Bill: Sendable {
    let ledger: UsageLedger
    let request: TurnRequest
    let prompt: UpstreamPrompt
    let startedAt: Timestamp
    private let day: Day

    init(_ ledger: UsageLedger, for request: TurnRequest, _ prompt: UpstreamPrompt, at start: Timestamp) {
        self.ledger = ledger
        self.request = request
        self.prompt = prompt
        startedAt = start
        day = ledger.zone.day(of: start)
    }

    /// The row of the turn itself.
    func row(of reply: CollectedReply, from account: Account, _ outcome: UsageRow.Outcome) -> UsageRow {
        let usage =
            reply.finish.usage
            ?? .estimate(promptBytes: prompt.textBytes, completionBytes: reply.size)
        return named(
            ledger.row(
                of: account, kind, model: prompt.model, answeredBy: reply.finish.model, usage, outcome, at: startedAt,
                day: day, requestID: request.requestID))
    }

    /// The row of a try of an account that failed before it answered; nil where nothing reached the upstream.
    ///
    /// What an upstream refuses costs nothing. Where it may have worked on the prompt that is estimated.
    func row(of error: UpstreamError, from account: Account, at start: Timestamp) -> UsageRow? {
        guard error.wasSent else { return nil }
        return named(
            ledger.row(
                of: account, kind, model: prompt.model, answeredBy: nil, error.usage(promptBytes: prompt.textBytes),
                error.outcome, at: start, day: day, requestID: request.requestID))
    }

    /// The row of the title of a conversation; nil where its upstream was not asked for one.
    func row(
        ofTitle outcome: Result<UpstreamTitle?, UpstreamError>, from account: Account, model: String?, promptBytes: Int,
        at start: Timestamp
    ) -> UsageRow? {
        func row(_ usage: TokenUsage, _ outcome: UsageRow.Outcome, _ answering: String?) -> UsageRow {
            named(
                ledger.row(
                    of: account, .title, model: model, answeredBy: answering, usage, outcome, at: start, day: day,
                    requestID: request.requestID))
        }
        switch outcome {
        case .success(nil): return nil
        case .success(let title?):
            let estimate = TokenUsage.estimate(promptBytes: promptBytes, completionBytes: title.text?.utf8.count ?? 0)
            return row(title.usage ?? estimate, .ok, title.model)
        case .failure(let error):
            return error.wasSent ? row(error.usage(promptBytes: promptBytes), error.outcome, nil) : nil
        }
    }

    private var kind: UsageRow.Kind { request.completion == nil ? .chat : .v1 }

    private func named(_ row: UsageRow) -> UsageRow {
        var row = row
        row.user = request.user.ledgerID
        row.client = request.user.clientLedgerID
        row.key = request.keyRecord?.id
        row.group = request.rights.group?.id
        row.costCenter = request.rights.group?.costCenter
        return row
    }
}

extension UpstreamError {
    var outcome: UsageRow.Outcome { kind == .cancelled ? .interrupted : .failed }

    /// What the upstream is paid for before it answers.
    func usage(promptBytes: @autoclosure () -> Int) -> TokenUsage {
        let mayBePaid = mayBeAccepted || kind != .refused && kind != .unreachable
        return mayBePaid ? .estimate(promptBytes: promptBytes()) : TokenUsage(prompt: 0, completion: 0)
    }
}

extension UpstreamPrompt {
    /// How many bytes of text the upstream gets, for an estimate of its tokens.
    var textBytes: Int {
        let own = completion?.messages.reduce(0) { $0 + $1.text.utf8.count } ?? prompt.utf8.count
        let turns = completion?.hasGivenTurns == true ? [] : conversation?.turns ?? []
        let before = turns.reduce(0) { $0 + $1.prompt.utf8.count + $1.reply.utf8.count }
        return own + before + ((system ?? conversation?.system)?.utf8.count ?? 0)
    }
}
