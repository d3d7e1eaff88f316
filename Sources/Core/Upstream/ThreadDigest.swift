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
        form.add("role", role)
        form.add(content: message["content"], orRefusal: message["refusal"])
        switch role {
        case "assistant":
            for call in message["tool_calls"]?.array ?? [] { form.add(call: call) }
            if let call = message["function_call"], !call.isNull { form.add(call: ["function": call]) }
        case "tool": form.add("tool_call_id", message["tool_call_id"]?.string ?? "")
        default: form.add("name", message["name"]?.string ?? "")
        }
        state = form.digest
    }
}

/// One message on its way into the chain.
///
/// Every field goes in with its name and length, so that no two forms meet.
private struct NormalForm {
    private var hash = SHA256()

    init(after state: [UInt8]) { hash.update(data: state) }

    var digest: [UInt8] { Array(hash.finalize()) }

    /// Adds a field, or nothing where it is empty.
    mutating func add(_ name: String, _ value: String) { add(name, Array(value.utf8)) }

    private mutating func add(_ name: String, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        hash.update(data: Array("\(name) \(value.count) ".utf8))
        hash.update(data: value)
    }

    /// Adds the text of a message, and those of its parts that are not text.
    mutating func add(content: JSON?, orRefusal refusal: JSON?) {
        var text: [UInt8] = []
        var others: [JSON] = []
        switch content {
        case .string(let content): Self.append(content, to: &text)
        case .array(let parts):
            for part in parts {
                if let words = part.string ?? part["text"]?.string ?? part["refusal"]?.string {
                    Self.append(words, to: &text)
                } else if !["reasoning", "thinking"].contains(part["type"]?.string) {
                    others.append(part)
                }
            }
        case .object: others = content.map { [$0] } ?? []
        default: break
        }
        if text.isEmpty, let refusal = refusal?.string { Self.append(refusal, to: &text) }
        add("text", text)
        for part in others { add("part", Self.canonical(part).bytes) }
    }

    mutating func add(call: JSON) {
        let function = call["function"] ?? call["custom"] ?? call
        add("call", call["id"]?.string ?? "")
        add("tool", function["name"]?.string ?? "")
        let given = function["arguments"] ?? function["input"] ?? .null
        guard let words = given.string else { return add("arguments", given.isNull ? [] : arguments(given)) }
        if let read = try? JSONReader.read(words), read.object != nil || read.array != nil {
            return add("arguments", arguments(read))
        }
        var text: [UInt8] = []
        Self.append(words, to: &text)
        add("arguments", text)
    }

    /// No arguments and an empty object are the same.
    private func arguments(_ value: JSON) -> [UInt8] {
        value.object?.isEmpty == true ? [] : Self.canonical(value, keepsNulls: true).bytes
    }

    /// Appends the words of `text`, with one space between any two.
    private static func append(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { bytes in
            output.reserveCapacity(output.count + bytes.count + 1)
            var isApart = !output.isEmpty
            for byte in bytes {
                if byte == 0x20 || (0x09...0x0D).contains(byte) {
                    isApart = !output.isEmpty
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
        case .object(let object):
            // The address of an image stands in an object or alone, with a wish for its detail or without.
            if object["type"]?.string == "image_url", let image = object["image_url"],
                let url = image["url"]?.string ?? image.string
            {
                return ["image_url": JSON(url)]
            }
            let members = object.members.filter { keepsNulls || !$0.value.isNull }
                .map { JSONObject.Member(name: $0.name, value: canonical($0.value, keepsNulls: keepsNulls)) }
            return .object(JSONObject(unchecked: members.sorted { $0.name < $1.name }))
        default: return value
        }
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
