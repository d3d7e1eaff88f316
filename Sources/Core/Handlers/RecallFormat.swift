/// The forms in which a conversation is given back.
enum RecallFormat: String {
    /// As old clients know it.
    case seed
    case markdown
    case json
    /// A page for browsers on which the text stands as it is.
    case page

    /// What stands before the turns.
    func head(of file: ConversationFile, pages: HTMLPage) throws -> [UInt8] {
        let conversation = file.conversation
        switch self {
        case .seed:
            let head: JSON = [
                "conversation_id": JSON(conversation.id), "conversation_title": JSON(conversation.title),
            ]
            return Self.opened(head, "messages")
        case .json:
            let last = try file.turns.last.flatMap { try file.turn(at: $0)?.startedAt }
            return Self.opened(.object(conversation.exportHead(updatedAt: last ?? conversation.createdAt)), "turns")
        case .markdown: return Array(conversation.markdownHead.utf8)
        case .page:
            let before = pages.plainReply(title: conversation.title).before
            return Array((before + HTMLPage.escape(conversation.markdownHead)).utf8)
        }
    }

    /// One turn, with what separates it from the one before.
    func piece(of turn: Turn, isFirst: Bool) -> [UInt8] {
        switch self {
        case .seed: (isFirst ? [] : [UInt8(ascii: ",")]) + turn.recalled.bytes
        case .json: (isFirst ? [] : [UInt8(ascii: ",")]) + turn.export.bytes
        case .markdown: Array(((isFirst ? "" : Conversation.markdownRule) + turn.markdown).utf8)
        case .page: Array(HTMLPage.escape((isFirst ? "" : Conversation.markdownRule) + turn.markdown).utf8)
        }
    }

    /// What stands after the turns.
    func tail(of file: ConversationFile, pages: HTMLPage) -> [UInt8] {
        switch self {
        case .seed, .json: Array("]}".utf8)
        case .markdown: []
        case .page: Array(pages.plainReply(title: file.conversation.title).after.utf8)
        }
    }

    /// The text of an object up to the first element of its last member, an array.
    private static func opened(_ object: JSON, _ name: String) -> [UInt8] {
        object.bytes.dropLast() + Array(",\"\(name)\":[".utf8)
    }
}
