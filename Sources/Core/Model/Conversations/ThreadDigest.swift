import Crypto

/// Names a thread of messages: a chain of hashes over their normal forms, h(before ‖ message).
///
/// Clients send messages back in other words than they got them. So the normal form leaves out what says nothing of
/// the thread (prompts of the system, which may hold a clock; reasoning; names of assistants; null and empty members),
/// reads arguments of tools as JSON, joins parts that are text, and takes white space for one space, none at the ends.
struct ThreadDigest: Sendable, Equatable {
    private var state = [UInt8](repeating: 0, count: 32)

    /// 64 hexadecimal digits.
    var text: String { Hex.encode(state) }

    mutating func append(_ message: JSON) {
        let role = message["role"]?.string ?? ""
        guard role != "system", role != "developer" else { return }
        var form = NormalForm(after: state)
        form.add(.role, role)
        form.add(content: message["content"], orRefusal: message["refusal"])
        switch role {
        case "assistant":
            for call in message["tool_calls"]?.array ?? [] { form.add(call: call) }
            if let call = message["function_call"], !call.isNull { form.add(call: ["function": call]) }
        case "tool": form.add(.callID, message["tool_call_id"]?.string ?? "")
        default: form.add(.name, message["name"]?.string ?? "")
        }
        state = Array(SHA256.hash(data: form.bytes))
    }
}

/// One message on its way into the chain.
///
/// Every field goes in with its name and length, so that no two forms meet.
private struct NormalForm {
    enum Field: UInt8 { case role = 1, text, part, callID, tool, arguments, name }

    private(set) var bytes: [UInt8]

    init(after state: [UInt8]) {
        bytes = state
        bytes.reserveCapacity(256)
    }

    mutating func add(_ field: Field, _ value: String) {
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
    mutating func add(content: JSON?, orRefusal refusal: JSON?) {
        var others: [JSON] = []
        add(.text) { output in
            let start = output.count
            switch content {
            case .string(let content): Self.append(content, after: start, to: &output)
            case .array(let parts):
                for part in parts {
                    if let words = part.string ?? part["text"]?.string ?? part["refusal"]?.string {
                        Self.append(words, after: start, to: &output)
                    } else if !["reasoning", "thinking"].contains(part["type"]?.string) {
                        others.append(part)
                    }
                }
            case .object: others = content.map { [$0] } ?? []
            default: break
            }
            if output.count == start, let refusal = refusal?.string { Self.append(refusal, after: start, to: &output) }
        }
        for part in others { add(.part) { Self.canonical(part).write(to: &$0) } }
    }

    mutating func add(call: JSON) {
        let function = call["function"] ?? call["custom"] ?? call
        add(.callID, call["id"]?.string ?? "")
        add(.tool, function["name"]?.string ?? "")
        var arguments = function["arguments"] ?? function["input"] ?? .null
        if let words = arguments.string {
            guard let read = try? JSONReader.read(words), read.object != nil || read.array != nil else {
                return add(.arguments) { Self.append(words, after: $0.count, to: &$0) }
            }
            arguments = read
        }
        // No arguments and an empty object are the same.
        guard !arguments.isNull, arguments.object?.isEmpty != true else { return }
        add(.arguments) { Self.canonical(arguments, keepsNulls: true).write(to: &$0) }
    }

    /// Appends the words of `text`, with one space between any two of those that stand from `start` on.
    private static func append(_ text: String, after start: Int, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { bytes in
            var isApart = output.count > start
            for byte in bytes {
                if byte == 0x20 || (0x09...0x0D).contains(byte) {
                    isApart = output.count > start
                    continue
                }
                if isApart { output.append(0x20) }
                isApart = false
                output.append(byte)
            }
        }
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
        return .string(text.withUTF8 { Hex.encode(SHA256.hash(data: UnsafeRawBufferPointer($0))) })
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
