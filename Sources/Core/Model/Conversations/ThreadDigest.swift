import Crypto

/// Names a thread of messages: a chain of hashes over their normal forms, h(before ‖ message).
///
/// Clients send messages back in other words than they got them. So the normal form leaves out what says nothing of
/// the thread (prompts of the system, which may hold a clock; reasoning; names of assistants; null and empty members),
/// reads arguments of tools as JSON, joins parts that are text, and takes white space for one space, none at the ends.
struct ThreadDigest: Sendable, Equatable {
    private var state: SIMD4<UInt64> = .zero

    /// 64 hexadecimal digits.
    var text: String { withUnsafeBytes(of: state) { Hex.encode($0) } }

    mutating func append(_ messages: some Sequence<JSONText>) {
        var form = NormalForm()
        for message in messages where form.read(message, after: state) {
            state = SHA256.hash(data: form.bytes).withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
        }
    }
}

/// One message on its way into the chain.
///
/// Every field goes in with its name and length, so that no two forms meet.
private struct NormalForm {
    enum Field: UInt8 { case role = 1, text, part, callID, tool, arguments, name }

    private(set) var bytes: [UInt8] = []

    /// Makes this the form of `message`; false for a message that makes no difference.
    mutating func read(_ message: JSONText, after state: SIMD4<UInt64>) -> Bool {
        let members = message.members ?? []
        func member(_ name: String) -> JSONText? { members.first { $0.name == name }?.value }
        let role = member("role")?.string ?? ""
        guard role != "system", role != "developer" else { return false }
        bytes.removeAll(keepingCapacity: true)
        withUnsafeBytes(of: state) { bytes.append(contentsOf: $0) }
        add(.role, role)
        add(content: member("content"), orRefusal: member("refusal"))
        switch role {
        case "assistant":
            for call in member("tool_calls")?.elements ?? [] { add(call: call.value) }
            if let call = member("function_call"), !call.isNull { add(call: ["function": call.value]) }
        case "tool": add(.callID, member("tool_call_id")?.string ?? "")
        default: add(.name, member("name")?.string ?? "")
        }
        return true
    }

    private mutating func add(_ field: Field, _ value: String) {
        add(field) { $0.append(contentsOf: value.utf8) }
    }

    /// Adds what `write` appends as a field, or nothing where that is nothing.
    private mutating func add(_ field: Field, _ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        bytes.append(field.rawValue)
        bytes.append(contentsOf: repeatElement(0, count: 8))
        let content = bytes.count
        write(&bytes)
        guard bytes.count > content else { return bytes.removeSubrange(start...) }
        withUnsafeBytes(of: UInt64(bytes.count - content).littleEndian) { length in
            for (place, byte) in length.enumerated() { bytes[start + 1 + place] = byte }
        }
    }

    /// Adds the text of a message, and those of its parts that are not text.
    private mutating func add(content: JSONText?, orRefusal refusal: JSONText?) {
        var others: [JSON] = []
        add(.text) { output in
            let start = output.count
            if let content, content.isString {
                content.withUTF8 { Self.append($0, after: start, to: &output) }
            } else if let parts = content?.elements {
                for part in parts {
                    let words =
                        part.isString
                        ? part : ["text", "refusal"].lazy.compactMap { part[$0] }.first(where: \.isString)
                    if let words {
                        words.withUTF8 { Self.append($0, after: start, to: &output) }
                    } else if !["reasoning", "thinking"].contains(part["type"]?.string) {
                        others.append(part.value)
                    }
                }
            } else if let content, content.isObject {
                others = [content.value]
            }
            if output.count == start, let refusal, refusal.isString {
                refusal.withUTF8 { Self.append($0, after: start, to: &output) }
            }
        }
        for part in others { add(.part) { Self.canonical(part).write(to: &$0) } }
    }

    private mutating func add(call: JSON) {
        let function = call["function"] ?? call["custom"] ?? call
        add(.callID, call["id"]?.string ?? "")
        add(.tool, function["name"]?.string ?? "")
        var arguments = function["arguments"] ?? function["input"] ?? .null
        if var words = arguments.string {
            guard let read = try? JSONReader.read(words), read.object != nil || read.array != nil else {
                return add(.arguments) { output in
                    words.withUTF8 { Self.append($0, after: output.count, to: &output) }
                }
            }
            arguments = read
        }
        // No arguments and an empty object are the same.
        guard !arguments.isNull, arguments.object?.isEmpty != true else { return }
        add(.arguments) { Self.canonical(arguments, keepsNulls: true).write(to: &$0) }
    }

    /// Appends the words of `text`, with one space between any two of those that stand from `start` on.
    ///
    /// Each byte is written, and only sometimes kept: where spaces stand is hard to predict for a processor.
    private static func append(_ text: UnsafeBufferPointer<UInt8>, after start: Int, to output: inout [UInt8]) {
        let before = output.count
        output.append(contentsOf: repeatElement(0x20, count: text.count + 1))
        let end = output.withUnsafeMutableBufferPointer { output in
            var end = before > start ? before + 1 : before
            var isApart = true
            for byte in text {
                let isSpace = byte == 0x20 || byte &- 0x09 < 5
                output[end] = isSpace ? 0x20 : byte
                end &+= isSpace && isApart ? 0 : 1
                isApart = isSpace
            }
            return end > before && output[end - 1] == 0x20 ? end - 1 : end
        }
        output.removeLast(output.count - end)
    }

    /// The value with the members of its objects by name and numbers in one form.
    private static func canonical(_ value: JSON, keepsNulls: Bool = false) -> JSON {
        switch value {
        case .array(let elements): return .array(elements.map { canonical($0, keepsNulls: keepsNulls) })
        case .number: return number(value)
        case .string(let text): return string(text)
        case .object(let object):
            // The address of an image stands in an object or alone, with a wish for its detail or without.
            if object["type"]?.string == "image_url", let image = object["image_url"],
                let url = image["url"]?.string ?? image.string
            {
                return ["image_url": string(url)]
            }
            let members = object.members.filter { keepsNulls || !$0.value.isNull }
                .map { JSONObject.Member(name: $0.name, value: canonical($0.value, keepsNulls: keepsNulls)) }
            return .object(JSONObject(unchecked: members.sorted { $0.name < $1.name }))
        default: return value
        }
    }

    /// A file in a string is as good as its digest, and much shorter.
    private static func string(_ text: String) -> JSON {
        guard text.utf8.count > 4096 else { return .string(text) }
        var text = text
        return .string(text.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)).withUnsafeBytes(Hex.encode) })
    }

    /// `1.0`, `1e0` and `1` are one number; a whole one that is too large for us keeps its digits.
    private static func number(_ value: JSON) -> JSON {
        if let whole = value.int { return JSON(whole) }
        guard case .number(let text) = value, text.contains(where: { ".eE".contains($0) }), let double = value.double,
            double.isFinite
        else { return value }
        return .number("\(double)")
    }
}
