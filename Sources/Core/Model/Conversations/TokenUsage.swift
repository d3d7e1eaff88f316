/// How many of a language model's units a turn took.
package struct TokenUsage: Sendable, Equatable {
    package var prompt: Int
    package var completion: Int
    /// How many of ``prompt`` the upstream had from before, which it sells for less.
    package var cached: Int
    /// How many of ``completion`` were thoughts that nobody sees.
    package var reasoning: Int
    /// True where the upstream said nothing and the counts are ours.
    package var isEstimated: Bool

    package init(prompt: Int, completion: Int, cached: Int = 0, reasoning: Int = 0, isEstimated: Bool = false) {
        self.prompt = prompt
        self.completion = completion
        self.cached = cached
        self.reasoning = reasoning
        self.isEstimated = isEstimated
    }

    /// A guess of one token for four bytes, the usual rule of thumb for English text.
    package static func estimate(prompt: String, completion: String) -> TokenUsage {
        estimate(promptBytes: prompt.utf8.count, completionBytes: completion.utf8.count)
    }

    static func estimate(promptBytes: Int, completionBytes: Int = 0) -> TokenUsage {
        TokenUsage(prompt: tokens(in: promptBytes), completion: tokens(in: completionBytes), isEstimated: true)
    }

    private static func tokens(in bytes: Int) -> Int { min(most, (bytes + 3) / 4) }

    /// More than this is no count of anything.
    static let most = 1_000_000_000

    /// As the OpenAI API names it; `estimated` and the details only where there is something to say.
    package var json: JSON {
        var object = JSONObject()
        object["prompt_tokens"] = JSON(prompt)
        object["completion_tokens"] = JSON(completion)
        object["total_tokens"] = JSON(prompt + completion)
        if cached > 0 { object["prompt_tokens_details"] = ["cached_tokens": JSON(cached)] }
        if reasoning > 0 { object["completion_tokens_details"] = ["reasoning_tokens": JSON(reasoning)] }
        if isEstimated { object["estimated"] = true }
        return .object(object)
    }

    package init?(json: JSON?) {
        guard let prompt = json?["prompt_tokens"]?.int, let completion = json?["completion_tokens"]?.int,
            (0...Self.most).contains(prompt), (0...Self.most).contains(completion)
        else { return nil }
        // A part is never more than the whole, whatever an upstream says.
        let cached = json?["prompt_tokens_details"]?["cached_tokens"]?.int ?? 0
        let reasoning = json?["completion_tokens_details"]?["reasoning_tokens"]?.int ?? 0
        self.init(
            prompt: prompt, completion: completion, cached: min(max(0, cached), prompt),
            reasoning: min(max(0, reasoning), completion), isEstimated: json?["estimated"]?.bool ?? false)
    }
}
