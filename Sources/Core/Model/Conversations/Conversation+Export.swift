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
        for member in unknown.members where object[member.name] == nil { object[member.name] = member.value }
        return object
    }

    /// The conversation as a Markdown document.
    package var markdown: String { markdownHead + turns.map(\.markdown).joined(separator: Self.markdownRule) }

    /// What stands before the turns.
    var markdownHead: String { "# \(title)\n\n" }

    /// What stands between two turns.
    static let markdownRule = "\n---\n\n"
}
