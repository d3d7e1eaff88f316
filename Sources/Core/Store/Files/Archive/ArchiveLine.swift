import Glibc

/// What a line of an archive's log says of its conversation.
///
/// Members stand in the order of ``encode(turn:)``, the turn last, so that a reader finds what it looks for in the
/// first bytes and does not parse the turn.
struct ArchiveLine: Sendable {
    var conversation: Conversation.ID
    /// Counts the lines of the conversation from 1.
    var sequence: Int
    /// How many turns the conversation has with this line.
    var turns: Int
    /// By the clock, in microseconds; the order of lines of several logs.
    var writtenAt: Int
    /// The conversation's line before this one.
    var before: LinePlace?
    /// The sizes of all lines before this one.
    var bytesBefore: Int
    /// The threads and keys that name the conversation from now on, see ``JSONFileStore/threadName(_:of:)``.
    var known: [String] = []
    /// The thread that does so no more.
    var gone: String?
    /// The turn that this one follows.
    var parent: String?
    /// The day under which the ledger has the turn's row; nil for turns that were not asked here, and those of versions
    /// without a ledger.
    var rowDay: Day?
    var title: String
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var origin: Conversation.Origin
    /// What else the conversation's header holds; only where it begins or changes.
    var head: JSONObject?
    /// Nil for a line without a turn, which gives another title.
    var turnID: String?

    var summary: Conversation.Summary {
        Conversation.Summary(id: conversation, title: title, createdAt: createdAt, updatedAt: updatedAt, turns: turns)
    }

    /// The line with its line feed.
    ///
    /// - Parameter isBeforeAdjacent: Whether the line before stands right before this one, wherever that will be.
    func encode(turn: JSON?, isBeforeAdjacent: Bool = false) -> [UInt8] {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(16)
        func add(_ name: String, _ value: JSON?) {
            if let value { members.append(.init(name: name, value: value)) }
        }
        add("type", turn == nil ? "title" : "turn")
        add("conversation", JSON(conversation))
        if !known.isEmpty { add("known", .array(known.map { JSON($0) })) }
        add("gone", gone.map { JSON($0) })
        add("sequence", JSON(sequence))
        add("turns", JSON(turns))
        add("written_at", JSON(writtenAt))
        add("before", before.map { isBeforeAdjacent ? .array([JSON($0.size)]) : $0.json })
        add("bytes_before", JSON(bytesBefore))
        add("parent", parent.map { JSON($0) })
        add("row", rowDay.map { JSON($0.text) })
        add("title", JSON(title))
        add("created_at", JSON(Int(createdAt.microsecondsSinceEpoch)))
        add("updated_at", JSON(Int(updatedAt.microsecondsSinceEpoch)))
        switch origin {
        case .account(let id): add("account", JSON(id.rawValue))
        case .accessToken(let user): add("upstream_user", JSON(user))
        }
        add("head", head.map(JSON.object))
        add("turn", turn)
        return ChecksummedLine.encode(.object(JSONObject(unchecked: members)))
    }
}

extension ArchiveLine {
    /// Reads a whole line and compares its checksum; nil for other kinds of lines.
    init?(whole line: ArraySlice<UInt8>, at place: LinePlace) {
        guard let content = ChecksummedLine.content(of: line) else { return nil }
        self.init(content: content, at: place)
    }

    /// Reads the beginning of a line, as far as the turn; nil where that is not all there.
    init?(beginning: ArraySlice<UInt8>, at place: LinePlace) {
        self.init(content: beginning.dropFirst(ChecksummedLine.frame), at: place)
    }

    private static let turnStart = Array(",\"turn\":{\"id\":\"".utf8)

    /// - Parameter content: From the second member on.
    private init?(content: ArraySlice<UInt8>, at place: LinePlace) {
        let cut = content.firstIndex(of: Self.turnStart)
        // What another version wrote in another order is parsed whole.
        let text = cut.map { [UInt8(ascii: "{")] + content[..<$0] + [UInt8(ascii: "}")] }
        let bytes = text ?? [UInt8(ascii: "{")] + content
        guard let members = (try? JSONReader.text(bytes, limits: .trusted))?.members else { return nil }
        func member(_ name: String) -> JSONText? { members.first { $0.name == name }?.value }
        func number(_ name: String) -> Int? { member(name)?.value.int }
        guard let conversation = member("conversation")?.string, let sequence = number("sequence"),
            let turns = number("turns"), let createdAt = number("created_at"), let updatedAt = number("updated_at")
        else { return nil }
        if let account = member("account")?.string {
            origin = .account(Account.ID(rawValue: account))
        } else if let user = member("upstream_user")?.string {
            origin = .accessToken(upstreamUser: user)
        } else {
            return nil
        }
        switch member("type")?.string {
        case "turn":
            let id = cut.map { content[($0 + Self.turnStart.count)...].prefix { $0 != UInt8(ascii: "\"") } }
            turnID = id.map { String(decoding: $0, as: UTF8.self) } ?? member("turn")?["id"]?.string
            guard turnID != nil else { return nil }
        case "title": turnID = nil
        default: return nil
        }
        self.conversation = conversation
        self.sequence = sequence
        self.turns = turns
        self.createdAt = Timestamp(microsecondsSinceEpoch: Int64(createdAt))
        self.updatedAt = Timestamp(microsecondsSinceEpoch: Int64(updatedAt))
        writtenAt = number("written_at") ?? 0
        before = LinePlace(member("before")?.value, from: place)
        bytesBefore = number("bytes_before") ?? 0
        known = member("known")?.elements?.compactMap(\.string) ?? []
        gone = member("gone")?.string
        parent = member("parent")?.string
        rowDay = member("row")?.string.flatMap { Day($0) }
        title = member("title")?.string ?? ""
        head = member("head")?.value.object
    }

    /// The turn in a whole line; nil where there is none that this version can read.
    static func turn(in line: ArraySlice<UInt8>) -> Turn? {
        guard let content = ChecksummedLine.content(of: line) else { return nil }
        guard let cut = content.firstIndex(of: turnStart) else {
            return ChecksummedLine.decode(line)?["turn"].flatMap(Turn.init(line:))
        }
        let text = content[(cut + turnStart.count - #"{"id":""#.utf8.count)...].dropLast()
        guard let object = try? JSONReader.read(Array(text), limits: .trusted) else { return nil }
        return Turn(line: object)
    }

    private static let conversationStart = Array("\",\"conversation\":\"".utf8)
    private static let typeStart = Array("\"type\":\"".utf8)

    /// Whether a line, whole or not, may be about the conversation `id`; asks its first bytes only.
    static func mayConcern(_ id: [UInt8], _ line: ArraySlice<UInt8>) -> Bool {
        let rest = line.dropFirst(ChecksummedLine.frame)
        guard rest.starts(with: typeStart) else { return !LinePlace.isBlank(line.prefix(1)) }
        let name = rest.dropFirst(typeStart.count).drop { $0 != UInt8(ascii: "\"") }
        guard name.starts(with: conversationStart) else { return false }
        let found = name.dropFirst(conversationStart.count)
        return found.count > id.count && found.starts(with: id)
            && found[found.startIndex + id.count] == UInt8(ascii: "\"")
    }
}

extension ArraySlice<UInt8> {
    /// Where `needle` begins first.
    func firstIndex(of needle: [UInt8]) -> Int? {
        withUnsafeBytes { bytes in
            guard let first = needle.first, let base = bytes.baseAddress else { return nil }
            var start = 0
            while start + needle.count <= bytes.count {
                guard let found = memchr(base + start, Int32(first), bytes.count - needle.count + 1 - start) else {
                    return nil
                }
                start = UnsafeRawPointer(found) - base
                if memcmp(found, needle, needle.count) == 0 { return startIndex + start }
                start += 1
            }
            return nil
        }
    }
}
