/// What the events of a reply tell, put together: its choices apart, the model, the counts, the upstream's ids.
struct CollectedReply: Sendable {
    /// The most choices that are kept; more are asked for by nobody (the OpenAI API's limit of `n`).
    static let mostChoices = 128

    private var choices: [Int: ReplyChoice] = [:]
    private(set) var finish = UpstreamFinish()

    /// Adds what an event tells; false for the end.
    @inline(never)
    mutating func take(_ event: UpstreamEvent) -> Bool {
        switch event {
        case .text(let text): choices[0, default: ReplyChoice()].text += text
        case .replaced(let text): choices[0, default: ReplyChoice()].text = text
        case .refusal(let text): choices[0, default: ReplyChoice()].refusal.append(text)
        case .reasoning(let text): choices[0, default: ReplyChoice()].reasoning.append(text)
        case .identified(let known): note(known)
        case .chunk(let chunk): take(chunk, "delta")
        case .completion(let completion): take(completion, "message")
        case .finished(let finish):
            note(finish)
            return false
        }
        return true
    }

    private mutating func take(_ answer: JSON, _ name: String) {
        for (place, choice) in (answer["choices"]?.array ?? []).enumerated() {
            let index = choice["index"]?.int ?? place
            guard (0..<Self.mostChoices).contains(index) else { continue }
            if name == "message" {
                choices[index] = choice[name].map(ReplyChoice.init(message:)) ?? ReplyChoice()
            } else if let delta = choice[name] {
                choices[index, default: ReplyChoice()].add(delta)
            }
            if let reason = choice["finish_reason"]?.string {
                choices[index, default: ReplyChoice()].finishReason = reason
            }
        }
        finish.model = answer["model"]?.string ?? finish.model
        finish.usage = TokenUsage(json: answer["usage"]) ?? finish.usage
    }

    private mutating func note(_ known: UpstreamFinish) {
        finish.messageID = known.messageID ?? finish.messageID
        finish.conversationID = known.conversationID ?? finish.conversationID
        finish.model = known.model ?? finish.model
        finish.finishReason = known.finishReason ?? finish.finishReason
        finish.usage = known.usage ?? finish.usage
    }

    /// The choices in their order; the first is the reply.
    private var ordered: [(index: Int, choice: ReplyChoice)] {
        choices.sorted { $0.key < $1.key }.map { (index: $0.key, choice: $0.value) }
    }

    var isEmpty: Bool { choices.values.allSatisfy(\.isEmpty) }

    /// Whether the last word has come, if not the end mark.
    var hasFinishReason: Bool { finish.finishReason != nil || choices.values.contains { $0.finishReason != nil } }

    /// The messages of which the caller will send one back; a few of the choices at most.
    var messages: [JSON] { ordered.isEmpty ? [ReplyChoice().message] : ordered.prefix(8).map(\.choice.message) }

    /// Makes this the reply of `turn`.
    func put(into turn: inout Turn) {
        turn.id = finish.messageID ?? turn.id
        turn.model = finish.model ?? turn.model
        turn.finishReason = finish.finishReason
        let ordered = ordered
        ordered.first?.choice.put(into: &turn)
        turn.extras.choices = ordered.dropFirst().map { $0.choice.json(index: $0.index) }
        let words = ordered.map(\.choice.text).joined() + ordered.compactMap(\.choice.refusal).joined()
        turn.usage = finish.usage ?? .estimate(prompt: turn.prompt, completion: words)
    }
}
