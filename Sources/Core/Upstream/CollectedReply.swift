/// What has come of a reply, put together: its choices apart, the model, the counts, the upstream's ids.
///
/// The driver that reads the reply interprets each piece here, once; what is stored of the turn is made of it.
package struct CollectedReply: Sendable {
    /// The most choices that are kept; more are asked for by nobody (the OpenAI API's limit of `n`).
    static let mostChoices = 128

    private var choices: [Int: ReplyChoice] = [:]
    package var finish = UpstreamFinish()

    package init() {}

    /// A whole reply of one text.
    package init(text: String, finish: UpstreamFinish) {
        if !text.isEmpty { choices[0, default: ReplyChoice()].text.append(text) }
        self.finish = finish
    }

    /// Adds a chunk of a streamed completion.
    ///
    /// - Returns: How many bytes of the reply it brings: the texts of all choices, calls of tools and reasoning among
    ///   them.
    mutating func add(chunk: JSON) -> Int {
        var size = 0
        for (place, choice) in (chunk["choices"]?.array ?? []).enumerated() {
            let delta = choice["delta"]
            for member in delta?.object?.members ?? [] where member.name != "role" { size += member.value.textSize }
            size += choice["finish_reason"]?.textSize ?? 0
            guard let index = Self.index(of: choice, at: place) else { continue }
            if let delta { choices[index, default: ReplyChoice()].add(delta) }
            note(reasonOf: choice, index)
        }
        note(factsOf: chunk)
        return size
    }

    /// Adds a chunk that ``PlainDelta`` found to be one.
    mutating func add(_ delta: PlainDelta, of chunk: [UInt8]) {
        chunk.withUnsafeBufferPointer { add(delta, of: $0) }
    }

    mutating func add(_ delta: PlainDelta, of chunk: UnsafeBufferPointer<UInt8>) {
        if let content = delta.content { choices[0, default: ReplyChoice()].text.append(chunk[content]) }
        if let reasoning = delta.reasoning { choices[0, default: ReplyChoice()].add(reasoning: chunk[reasoning]) }
        // Nearly always the model is that of the chunk before.
        if let model = delta.model, finish.model?.utf8.elementsEqual(chunk[model]) != true {
            finish.model = String(decoding: chunk[model], as: UTF8.self)
        }
    }

    /// Adds a whole completion.
    mutating func add(completion: JSON) {
        for (place, choice) in (completion["choices"]?.array ?? []).enumerated() {
            guard let index = Self.index(of: choice, at: place) else { continue }
            choices[index] = choice["message"].map(ReplyChoice.init(message:)) ?? ReplyChoice()
            note(reasonOf: choice, index)
        }
        note(factsOf: completion)
    }

    private static func index(of choice: JSON, at place: Int) -> Int? {
        let index = choice["index"]?.int ?? place
        return (0..<mostChoices).contains(index) ? index : nil
    }

    private mutating func note(reasonOf choice: JSON, _ index: Int) {
        if let reason = choice["finish_reason"]?.string {
            choices[index, default: ReplyChoice()].finishReason = reason
        }
    }

    private mutating func note(factsOf answer: JSON) {
        finish.model = answer["model"]?.string ?? finish.model
        finish.usage = TokenUsage(json: answer["usage"]) ?? finish.usage
    }

    /// The choices in their order; the first is the reply.
    private var ordered: [(index: Int, choice: ReplyChoice)] {
        choices.sorted { $0.key < $1.key }.map { (index: $0.key, choice: $0.value) }
    }

    /// The text of the first choice.
    var text: EscapedText { ordered.first?.choice.text ?? EscapedText() }

    /// The bytes of text of all choices, thoughts and calls of tools among them.
    var size: Int { choices.values.reduce(0) { $0 + $1.size } }

    var isEmpty: Bool { choices.values.allSatisfy(\.isEmpty) }

    /// Whether the last word has come, if not the end mark.
    var hasFinishReason: Bool { finish.finishReason != nil || choices.values.contains { $0.finishReason != nil } }

    /// The messages of which the caller will send one back; a few of the choices at most.
    var messages: [JSON] { ordered.isEmpty ? [ReplyChoice().message] : ordered.prefix(8).map(\.choice.message) }

    private func words(of ordered: [(index: Int, choice: ReplyChoice)]) -> String {
        ordered.map(\.choice.text.text).joined() + ordered.compactMap(\.choice.refusal).joined()
    }

    /// Makes this the reply of `turn`.
    func put(into turn: inout Turn) {
        turn.id = finish.messageID ?? turn.id
        turn.model = finish.model ?? turn.model
        turn.finishReason = finish.finishReason
        let ordered = ordered
        ordered.first?.choice.put(into: &turn)
        turn.extras.choices = ordered.dropFirst().map { $0.choice.json(index: $0.index) }
        turn.usage = finish.usage ?? .estimate(prompt: turn.prompt, completion: words(of: ordered))
    }
}
