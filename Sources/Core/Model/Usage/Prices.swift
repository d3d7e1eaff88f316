/// What the operator is paid for, by the names of models.
package struct Prices: Sendable, Equatable {
    /// Such as `EUR`; nil where the operator did not say.
    package var currency: String?
    package var models: [String: ModelPrice] = [:]

    package init(currency: String? = nil, models: [String: ModelPrice] = [:]) {
        self.currency = currency
        self.models = models
    }

    /// The price of a call; nil where none is set.
    ///
    /// - Parameter names: The model that was asked for first, then the one that answered: an upstream often names a
    ///   snapshot that nobody set a price for.
    func price(of names: String?...) -> ModelPrice? {
        names.lazy.compactMap { $0 }.compactMap { models[$0] }.first
    }
}

/// The price of a model's tokens, of each kind for a million of them.
package struct ModelPrice: Sendable, Equatable {
    package var input: Money
    package var cachedInput: Money
    package var output: Money

    package init(input: Money, cachedInput: Money? = nil, output: Money) {
        self.input = input
        self.cachedInput = cachedInput ?? input
        self.output = output
    }

    /// No call costs more, whatever an upstream says it took: so sums of many stay numbers.
    private static let most = Money(nano: 1_000_000 * Money.unit)

    /// The cost of `usage`, rounded to the nearest billionth.
    package func cost(of usage: TokenUsage) -> Money {
        func product(_ price: Money, _ tokens: Int) -> Int128 { Int128(price.nano) * Int128(max(0, tokens)) }
        let cached = min(usage.cached, usage.prompt)
        let sum =
            product(input, usage.prompt - cached) + product(cachedInput, cached) + product(output, usage.completion)
        return Money(nano: Int(min((sum + 500_000) / 1_000_000, Int128(Self.most.nano))))
    }

    /// As it stands in a row: what a million tokens of the prompt, of its cached part and of the reply cost.
    var json: JSON { .array([input.json, cachedInput.json, output.json]) }

    init?(json: JSON?) {
        guard let parts = json?.array?.compactMap({ Money(json: $0) }), parts.count == 3 else { return nil }
        self.init(input: parts[0], cachedInput: parts[1], output: parts[2])
    }
}
