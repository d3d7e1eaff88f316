/// The parts of a message as the archive keeps them.
///
/// Words and addresses are kept whole. What stands for a file (an image as a `data:` URL, a sound, a document) is kept
/// while it is small; in the place of a larger one stands `{"omitted": {"media_type", "bytes"}}`, because pictures of
/// a phone would otherwise fill the archive and be sent again with each follow-up.
enum MessageParts {
    /// The most bytes of one file that is kept, as its text in JSON.
    static let longestFile = 64 << 10
    /// The most bytes of all files of a message that are kept.
    static let mostOfFiles = 256 << 10

    /// The parts of `content`; empty where it is text alone.
    static func kept(of content: JSON?) -> [JSON] {
        guard let parts = content?.array, parts.contains(where: { !isText($0) }) else { return [] }
        var room = mostOfFiles
        return parts.map { isText($0) ? $0 : kept($0, depth: 0, &room) }
    }

    /// The text of a message whose content is a string or a list of parts.
    static func text(of message: JSON?) -> String {
        switch message?["content"] {
        case .string(let text): text
        case .array(let parts): parts.compactMap { $0.string ?? $0["text"]?.string }.joined(separator: "\n")
        default: ""
        }
    }

    /// The message with its parts as they are kept.
    static func kept(message: JSON) -> JSON {
        guard var object = message.object else { return message }
        let parts = kept(of: object["content"])
        if !parts.isEmpty { object["content"] = .array(parts) }
        return .object(object)
    }

    /// The part as it can be sent to an upstream: a sentence stands for what was not kept.
    static func sendable(_ part: JSON) -> JSON {
        guard let omitted = omitted(in: part, depth: 0) else { return part }
        return ["type": "text", "text": JSON("[\(words(omitted)), not kept]")]
    }

    /// A few words for a person about a part that is not text.
    static func sentence(_ part: JSON) -> String? {
        if isText(part) { return nil }
        let type = part["type"]?.string ?? "part"
        if let omitted = omitted(in: part, depth: 0) { return "[\(type): \(words(omitted)), not kept]" }
        let address = part["image_url"]?["url"]?.string ?? part["image_url"]?.string
        guard let address, !isData(address) else { return "[\(type)]" }
        return "[\(type): \(address)]"
    }

    private static func isText(_ part: JSON) -> Bool { part["type"]?.string == "text" || part.string != nil }

    private static func isData(_ text: String) -> Bool { text.utf8.prefix(5).elementsEqual("data:".utf8) }

    private static func kept(_ value: JSON, depth: Int, _ room: inout Int) -> JSON {
        switch value {
        case .string(let text):
            let size = text.utf8.count
            guard isData(text) || size > 8 << 10 else { return value }
            if size <= longestFile, size <= room {
                room -= size
                return value
            }
            return ["omitted": .object(description(of: text))]
        case .array(let elements): return .array(elements.map { kept($0, depth: depth + 1, &room) })
        case .object(let object):
            return .object(
                JSONObject(
                    unchecked: object.members.map {
                        .init(name: $0.name, value: kept($0.value, depth: depth + 1, &room))
                    }))
        default: return value
        }
    }

    /// Media type and size of what `text` holds, which is base64 in most cases (RFC 2397).
    private static func description(of text: String) -> JSONObject {
        var object = JSONObject()
        var size = text.utf8.count
        if isData(text), let comma = text.utf8.prefix(200).firstIndex(of: UInt8(ascii: ",")) {
            let head = String(text[..<comma]).dropFirst(5)
            let type = head.prefix { $0 != ";" }
            if !type.isEmpty { object["media_type"] = JSON(String(type)) }
            size -= head.utf8.count + 6
            if head.hasSuffix(";base64") { size = size / 4 * 3 - text.utf8.reversed().prefix { $0 == 0x3D }.count }
        }
        object["bytes"] = JSON(size)
        return object
    }

    private static func words(_ omitted: JSON) -> String {
        "\(omitted["media_type"]?.string ?? "file") of \(omitted["bytes"]?.int ?? 0) bytes"
    }

    /// What stands for a file that was not kept, in the part or the first levels below it.
    private static func omitted(in part: JSON, depth: Int) -> JSON? {
        guard depth < 4, let object = part.object else { return nil }
        if let omitted = object["omitted"] { return omitted }
        for member in object.members {
            if let omitted = omitted(in: member.value, depth: depth + 1) { return omitted }
        }
        return nil
    }
}
