extension Conversation {
    /// Everything that is kept of the conversation but the account that answered.
    package var export: JSON {
        var object = exportHead(updatedAt: updatedAt)
        object["turns"] = .array(turns.map(\.export))
        return .object(object)
    }

    /// The members of ``export`` that stand before the turns.
    func exportHead(updatedAt: Timestamp) -> JSONObject {
        var object = JSONObject()
        object["conversation_id"] = JSON(id)
        object["title"] = JSON(title)
        object["created_at"] = JSON(createdAt.rfc3339)
        object["updated_at"] = JSON(updatedAt.rfc3339)
        object["system"] = JSON(system)
        return object
    }

    /// The conversation as a Markdown document.
    package var markdown: String { markdownHead + turns.map(\.markdown).joined(separator: Self.markdownRule) }

    /// What stands before the turns.
    var markdownHead: String { "# \(title)\n\n" }

    /// What stands between two turns.
    static let markdownRule = "\n---\n\n"
}

extension Turn {
    /// The turn in the answer of a recall, as old clients know it: an object of one member.
    var recalled: JSON {
        .object(
            JSONObject(unchecked: [
                .init(
                    name: id,
                    value: [
                        "prompt": JSON(prompt), "reply": JSON(reply), "origin_time": JSON(startedAt.localText),
                    ])
            ]))
    }

    /// Everything that is kept of the turn.
    var export: JSON {
        var object = line.object ?? JSONObject()
        object["type"] = nil
        return .object(object)
    }

    /// The prompt as a quotation, the reply as it stands.
    var markdown: String {
        let quoted = prompt.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { "> \($0)" }.joined(separator: "\n")
        return "\(quoted)\n\n\(reply)\n"
    }
}
