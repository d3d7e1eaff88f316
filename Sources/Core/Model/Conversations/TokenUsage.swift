/// How many of a language model's units a turn took.
package struct TokenUsage: Sendable, Equatable {
    package var prompt: Int
    package var completion: Int
    /// True where the upstream said nothing and the counts are ours.
    package var isEstimated: Bool

    package init(prompt: Int, completion: Int, isEstimated: Bool = false) {
        self.prompt = prompt
        self.completion = completion
        self.isEstimated = isEstimated
    }

    /// A guess of one token for four bytes, the usual rule of thumb for English text.
    package static func estimate(prompt: String, completion: String) -> TokenUsage {
        TokenUsage(prompt: (prompt.utf8.count + 3) / 4, completion: (completion.utf8.count + 3) / 4, isEstimated: true)
    }

    /// As the OpenAI API names it; `estimated` only where it is true.
    package var json: JSON {
        var object = JSONObject()
        object["prompt_tokens"] = JSON(prompt)
        object["completion_tokens"] = JSON(completion)
        object["total_tokens"] = JSON(prompt + completion)
        if isEstimated { object["estimated"] = true }
        return .object(object)
    }

    package init?(json: JSON?) {
        guard let prompt = json?["prompt_tokens"]?.int, let completion = json?["completion_tokens"]?.int,
            (0...1_000_000_000).contains(prompt), (0...1_000_000_000).contains(completion)
        else { return nil }
        self.init(prompt: prompt, completion: completion, isEstimated: json?["estimated"]?.bool ?? false)
    }
}
