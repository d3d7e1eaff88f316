/// A chunk of a streamed completion that brings text or reasoning of the first choice and nothing else.
///
/// Most chunks are like that. They are only walked over: their text stays as it is, with its escapes. Every other chunk
/// takes the ordinary way (``CollectedReply/add(chunk:)``), and so do those of which this is not sure.
struct PlainDelta {
    /// Where text and reasoning stand between their quotes.
    private(set) var content: Range<Int>?
    private(set) var reasoning: Range<Int>?
    /// How many bytes of the reply it brings, decoded.
    private(set) var size = 0
    /// The name of the model between its quotes.
    private(set) var model: Range<Int>?
    /// A `usage` of null with the comma that goes with it.
    private(set) var emptyUsage: Range<Int>?

    init?(_ chunk: [UInt8]) {
        guard let found = chunk.withUnsafeBufferPointer({ PlainDelta($0) }) else { return nil }
        self = found
    }

    init?(_ chunk: UnsafeBufferPointer<UInt8>) {
        guard chunk.first == UInt8(ascii: "{"), let found = JSONScanner.scan(chunk, Self.scanned) else { return nil }
        self = found
    }

    private init() {}

    private static func scanned(_ scanner: inout JSONScanner) -> PlainDelta? {
        var delta = PlainDelta()
        var hasChoice = false
        let isPlain = scanner.object { scanner, name in
            if scanner.isEqual(name, "choices") {
                hasChoice = true
                return delta.takeChoices(&scanner)
            }
            if scanner.isEqual(name, "model") { return delta.takeModel(&scanner) }
            if scanner.isEqual(name, "usage") { return delta.takeUsage(&scanner, name) }
            if scanner.isEqual(name, "error") { return scanner.null() }
            return !scanner.isEqual(name, "conversation_id") && scanner.value()
        }
        return isPlain && hasChoice ? delta : nil
    }

    private mutating func takeModel(_ scanner: inout JSONScanner) -> Bool {
        if scanner.null() { return true }
        guard let text = scanner.string(), !text.hasEscapes else { return false }
        model = text.range
        return true
    }

    private mutating func takeUsage(_ scanner: inout JSONScanner, _ name: Range<Int>) -> Bool {
        guard scanner.null() else { return false }
        let end = scanner.position
        let comma = UInt8(ascii: ",")
        let before = scanner.bytes[..<(name.lowerBound - 1)].lastIndex { $0 != 0x20 && $0 != 0x09 } ?? 0
        if scanner.bytes[before] == comma {
            emptyUsage = before..<end
        } else {
            // The first member goes with the comma behind it; alone it cannot be, for there are choices.
            guard let after = scanner.bytes[end...].firstIndex(of: comma) else { return false }
            emptyUsage = (name.lowerBound - 1)..<(after + 1)
        }
        return true
    }

    private mutating func takeChoices(_ scanner: inout JSONScanner) -> Bool {
        var count = 0
        let isPlain = scanner.array { scanner in
            count += 1
            return count == 1 && takeChoice(&scanner)
        }
        return isPlain && count == 1
    }

    private mutating func takeChoice(_ scanner: inout JSONScanner) -> Bool {
        var hasDelta = false
        let isPlain = scanner.object { scanner, name in
            if scanner.isEqual(name, "delta") {
                hasDelta = true
                return takeDelta(&scanner)
            }
            if scanner.isEqual(name, "index") { return scanner.literal("0") }
            if scanner.isEqual(name, "finish_reason") { return scanner.null() }
            return scanner.value()
        }
        return isPlain && hasDelta
    }

    private mutating func takeDelta(_ scanner: inout JSONScanner) -> Bool {
        // The first of two names counts, as in `JSON.reasoning`.
        var isNamedFirst = false
        return scanner.object { scanner, name in
            if scanner.null() { return true }
            if scanner.isEqual(name, "content") {
                guard let text = takeText(&scanner) else { return false }
                content = text
                return true
            }
            let isFirst = scanner.isEqual(name, "reasoning_content")
            if isFirst || scanner.isEqual(name, "reasoning") {
                guard let text = takeText(&scanner) else { return false }
                if isFirst || !isNamedFirst { reasoning = text }
                isNamedFirst = isNamedFirst || isFirst
                return true
            }
            if scanner.isEqual(name, "role") { return scanner.string() != nil }
            // Some servers send an empty list with each piece.
            return scanner.isEqual(name, "tool_calls") && scanner.literal("[]")
        }
    }

    private mutating func takeText(_ scanner: inout JSONScanner) -> Range<Int>? {
        guard let text = scanner.string() else { return nil }
        size += text.size
        return text.range
    }
}
