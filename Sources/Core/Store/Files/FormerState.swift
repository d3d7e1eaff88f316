/// A conversation as format 1 stored it.
struct FormerConversation {
    let id: Conversation.ID
    private let header: JSON
    private var title: String
    private let origin: Conversation.Origin
    private let createdAt: Timestamp
    private(set) var turns: [JSONObject] = []
    /// Lines of kinds that are not known.
    private var others: [JSONObject] = []

    init?(_ lines: [JSON]) {
        guard let header = lines.first, header["type"]?.string == "conversation", let id = header["id"]?.string,
            let createdAt = header["created_at"]?.string.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        if let account = header["account"]?.string {
            origin = .account(Account.ID(rawValue: account))
        } else if let user = header["upstream_user"]?.string {
            origin = .accessToken(upstreamUser: user)
        } else {
            return nil
        }
        (self.id, self.header, self.createdAt) = (id, header, createdAt)
        title = header["title"]?.string ?? ""
        for line in lines.dropFirst() {
            guard var object = line.object else { continue }
            switch line["type"]?.string {
            case "turn":
                object["type"] = nil
                turns.append(object)
            case "title": title = line["title"]?.string ?? title
            default: others.append(object)
            }
        }
        // Its header was written with its first turn, which is corrupt.
        if turns.isEmpty { return nil }
    }

    /// In microseconds.
    var updatedAt: Int { Int((turns.last.flatMap(Self.time) ?? createdAt).microsecondsSinceEpoch) }

    private static func time(_ turn: JSONObject) -> Timestamp? {
        turn["started_at"]?.string.flatMap(Timestamp.init(rfc3339:))
    }

    func lines(writtenAt: Int, known: [String]) -> [UInt8] {
        let written: Set<String> = ["type", "id", "title", "created_at", "account", "upstream_user"]
        var output: [UInt8] = []
        var (before, parent): (LinePlace?, String?) = (nil, nil)
        for (place, turn) in turns.enumerated() {
            var line = ArchiveLine(
                conversation: id, sequence: place + 1, turns: place + 1, writtenAt: writtenAt, before: before,
                bytesBefore: output.count, parent: parent, title: title, createdAt: createdAt,
                updatedAt: Self.time(turn) ?? createdAt, origin: origin, turnID: turn["id"]?.string)
            if place == 0 {
                line.head = JSONObject(unchecked: (header.object?.members ?? []).filter { !written.contains($0.name) })
            }
            if place == turns.count - 1 { line.known = known }
            let encoded = line.encode(turn: .object(turn), isBeforeAdjacent: true)
            output += encoded
            before = LinePlace(log: 0, offset: 0, size: encoded.count)
            parent = line.turnID
        }
        for var other in others {
            other["conversation"] = JSON(id)
            output += ChecksummedLine.encode(.object(other))
        }
        return output
    }
}

/// The threads of format 1, `<name> <conversation>` a line, by conversation; 40 bytes for each.
struct FormerThreads {
    private struct Thread {
        var conversation: UInt64
        var name: (UInt64, UInt64, UInt64, UInt64)
    }

    private var threads: [Thread] = []

    init(_ layout: StateLayout) throws(StoreError) {
        let directory = "\(layout.root)/threads"
        for name in try Directory.names(in: directory) where name.hasSuffix(".log") {
            guard let file = try File.reading("\(directory)/\(name)") else { continue }
            var last: [String: UInt64] = [:]
            for line in try file.readAll().split(separator: 0x0A) {
                let fields = line.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
                guard fields[0].utf8.count == 64 else { continue }
                last[fields[0]] = fields.count == 2 ? ArchiveIndex.key(fields[1]) : nil
            }
            for (name, conversation) in last {
                let digits = Array(name)
                let words = stride(from: 0, to: 64, by: 16).map {
                    UInt64(String(digits[$0..<($0 + 16)]), radix: 16) ?? 0
                }
                threads.append(Thread(conversation: conversation, name: (words[0], words[1], words[2], words[3])))
            }
        }
        threads.sort { $0.conversation < $1.conversation }
    }

    func names(of id: Conversation.ID) -> [String] {
        let key = ArchiveIndex.key(id)
        var (low, high) = (0, threads.count)
        while low < high {
            let middle = (low + high) / 2
            if threads[middle].conversation < key { low = middle + 1 } else { high = middle }
        }
        return threads[low...].prefix { $0.conversation == key }.map { thread in
            [thread.name.0, thread.name.1, thread.name.2, thread.name.3].map { word in
                Hex.encode((0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - $0 * 8)) })
            }.joined()
        }
    }
}
