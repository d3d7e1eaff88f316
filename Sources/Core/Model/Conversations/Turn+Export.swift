/// A turn in each of the forms in which the archive is read.
extension Turn {
    /// An element of a recall's `messages`: an object of one member, which has the turn's id as its name.
    package var recalled: JSON {
        var object = JSONObject()
        object["prompt"] = JSON(prompt)
        object["reply"] = JSON(reply)
        object["origin_time"] = JSON(startedAt.localText)
        for member in extras.shown.members { object[member.name] = member.value }
        return .object(JSONObject(unchecked: [.init(name: id, value: .object(object))]))
    }

    /// Everything that is kept of the turn.
    package var export: JSON {
        var object = line.object ?? JSONObject()
        object["type"] = nil
        return .object(object)
    }

    /// The turn as a piece of a Markdown document.
    ///
    /// What the tools gave and the prompt are quoted, the reply stands as it is, all else follows it under headings.
    package var markdown: String {
        var parts = extras.toolResults.map { result in
            let name = result["tool_call_id"]?.string ?? result["name"]?.string ?? ""
            return Self.quoted("Tool result \(name):\n\n\(Self.fenced(MessageParts.text(of: result)))")
        }
        if !prompt.isEmpty || parts.isEmpty { parts.append(Self.quoted(prompt)) }
        parts += extras.promptParts.compactMap(MessageParts.sentence).map(Self.quoted)
        if let reasoning = extras.reasoning { parts.append(Self.section("Reasoning", Self.quoted(reasoning))) }
        parts += Self.reply(reply, refusal: extras.refusal, calls: extras.toolCalls)
        for choice in extras.choices {
            parts.append("**Choice \((choice["index"]?.int).map { String($0 &+ 1) } ?? "")**")
            if let reasoning = choice["reasoning"]?.string {
                parts.append(Self.section("Reasoning", Self.quoted(reasoning)))
            }
            parts += Self.reply(
                choice["reply"]?.string ?? "", refusal: choice["refusal"]?.string,
                calls: choice["tool_calls"]?.array ?? [])
        }
        return parts.joined(separator: "\n\n") + "\n"
    }

    private static func reply(_ text: String, refusal: String?, calls: [JSON]) -> [String] {
        var parts: [String] = []
        if !text.isEmpty || (refusal == nil && calls.isEmpty) { parts.append(text) }
        if let refusal { parts.append(section("Refusal", refusal)) }
        for call in calls {
            let function = call["function"] ?? call["custom"]
            let input = function?["arguments"] ?? function?["input"]
            parts.append(
                section(
                    "Tool call \(function?["name"]?.string ?? "") \(call["id"]?.string ?? "")",
                    fenced(input?.string ?? input?.text ?? "")))
        }
        return parts
    }

    private static func section(_ title: String, _ text: String) -> String { "**\(title)**\n\n\(text)" }

    private static func quoted(_ text: String) -> String {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { "> \($0)" }.joined(separator: "\n")
    }

    /// Text between fences that are longer than any run of backticks in it.
    private static func fenced(_ text: String) -> String {
        var (longest, run) = (2, 0)
        for byte in text.utf8 {
            run = byte == UInt8(ascii: "`") ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        return "\(fence)\n\(text)\n\(fence)"
    }
}
