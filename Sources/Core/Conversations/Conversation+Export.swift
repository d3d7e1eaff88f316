extension Conversation {
    /// The answer of a recall, as old clients know it: messages in time order, each an object of one member.
    package var recall: JSON {
        [
            "conversation_id": JSON(id),
            "conversation_title": JSON(title),
            "messages": .array(
                turns.map { turn in
                    .object(
                        JSONObject(unchecked: [
                            .init(
                                name: turn.id,
                                value: [
                                    "prompt": JSON(turn.prompt), "reply": JSON(turn.reply),
                                    "origin_time": JSON(turn.startedAt.localText),
                                ])
                        ]))
                }),
        ]
    }

    /// Everything that is kept of the conversation but the account that answered.
    package var export: JSON {
        var object = JSONObject()
        object["conversation_id"] = JSON(id)
        object["title"] = JSON(title)
        object["created_at"] = JSON(createdAt.rfc3339)
        object["updated_at"] = JSON(updatedAt.rfc3339)
        object["system"] = JSON(system)
        object["turns"] = .array(turns.map(\.export))
        return .object(object)
    }

    /// The conversation as a Markdown document.
    ///
    /// Prompts are quoted, replies stand as they are.
    package var markdown: String {
        let parts = turns.map { turn in
            let prompt = turn.prompt.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
                .map { "> \($0)" }.joined(separator: "\n")
            return "\(prompt)\n\n\(turn.reply)\n"
        }
        return "# \(title)\n\n\(parts.joined(separator: "\n---\n\n"))"
    }
}

extension Turn {
    fileprivate var export: JSON {
        var object = line.object ?? JSONObject()
        object["type"] = nil
        return .object(object)
    }
}
