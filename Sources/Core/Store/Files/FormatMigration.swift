import CLinux
import Glibc
import Logging

/// Brings a state directory of format 1 to format 2, one of 256 parts of the archives after the other.
///
/// Format 1 had a file for each conversation, a list in each archive, and threads in logs of their own. `format.json` says
/// 2 from the beginning, so that the version before refuses the directory, and how many parts are done. Files of a part
/// are removed once its logs are on the disk and that is noted, so a cut at any moment costs one part's work.
struct FormatMigration {
    static let from = 1

    let layout: StateLayout
    let log: Logger

    /// How many parts are done already; nil where nothing is to be migrated.
    static func done(_ format: JSON?) -> Int? {
        format?["version"]?.int == from ? 0 : format?["migrated_parts"]?.int
    }

    func run(after done: Int) throws(StoreError) {
        let begun = ContinuousClock.now
        log.notice("migrating the state directory to format 2", metadata: ["parts": "\(done) of 256 are done"])
        try note(done)
        let threads = try FormerThreads(layout)
        var (turns, told) = (0, begun)
        for part in 0..<256 {
            let shard = "\(layout.root)/conversations/\(Hex.encode([UInt8(part)]))"
            let archives = try Directory.names(in: shard).map { "\(shard)/\($0)" }
            if part >= done {
                for archive in archives { turns += try convert(archive, threads) }
                try syncAll()
                try note(part + 1)
            }
            for archive in archives {
                for name in try Directory.names(in: archive) where name.hasSuffix(".jsonl") {
                    try Directory.removeFile("\(archive)/\(name)", durably: false)
                }
            }
            if told.duration(to: .now) > .seconds(5) {
                told = .now
                log.notice("migrating", metadata: ["parts": "\(part + 1) of 256", "turns": "\(turns)"])
            }
        }
        try syncAll()
        try Directory.removeTree("\(layout.root)/threads")
        try AtomicFile.write(JSON(dictionaryLiteral: ("version", 2)).bytes, to: layout.format, durable: true)
        log.notice(
            "the state directory has format 2",
            metadata: ["turns": "\(turns)", "seconds": "\(begun.duration(to: .now).microseconds / 1_000_000)"])
    }

    private func note(_ done: Int) throws(StoreError) {
        let format: JSON = ["version": JSON(StateLayout.version), "migrated_parts": JSON(done)]
        try AtomicFile.write(format.bytes, to: layout.format, durable: true)
    }

    private func syncAll() throws(StoreError) {
        let root = try File(layout.root, O_RDONLY | O_DIRECTORY)
        guard syncfs(root.descriptor) == 0 else {
            throw StoreError(.outcomeUnknown, "syncfs", path: layout.root, code: errno)
        }
    }

    /// Writes the conversations of an archive into its first log, those changed last at the end.
    ///
    /// - Returns: How many turns they have.
    private func convert(_ directory: String, _ threads: FormerThreads) throws(StoreError) -> Int {
        let names = try Directory.names(in: directory).filter { $0.hasSuffix(".jsonl") && $0 != "list.jsonl" }
        guard !names.isEmpty else { return 0 }
        var turns = 0
        var writtenAt = 0
        try AtomicFile.write(to: "\(directory)/0.log", durable: false) { file throws(StoreError) in
            for name in try order(names, in: directory) {
                let former = try read("\(directory)/\(name)")
                guard let former else { continue }
                writtenAt = max(writtenAt + 1, former.updatedAt)
                try file.write(former.lines(writtenAt: writtenAt, known: threads.names(of: former.id)))
                turns += former.turns.count
            }
        }
        return turns
    }

    /// The files in the order of the list, where it is not from another boot, else by the times of the last turns.
    private func order(_ names: [String], in directory: String) throws(StoreError) -> [String] {
        let list = IndexLog(path: "\(directory)/list.jsonl", isDurable: false)
        var places: [String: Int] = [:]
        if try list.isCurrent(boot: SystemBoot.id) {
            for entry in try list.page(before: nil, limit: .max, accept: { _, _ in true }) {
                places["\(Hex.sha256(entry.id)).jsonl"] = -places.count
            }
        }
        var known: [(name: String, place: Int)] = []
        for name in names {
            let place = places.isEmpty ? try read("\(directory)/\(name)")?.updatedAt ?? 0 : places[name] ?? 1
            known.append((name, place))
        }
        return known.sorted { $0.place < $1.place }.map(\.name)
    }

    /// A conversation's file; nil, with the file kept under another name, where it has no header.
    ///
    /// One with spoilt lines is kept, too, beside what can be read of it.
    private func read(_ path: String) throws(StoreError) -> FormerConversation? {
        guard let (lines, skipped) = try AppendLog.read(path) else { return nil }
        let former = FormerConversation(lines)
        if former == nil && !(lines.isEmpty && skipped == 0) || skipped > 0, link(path, "\(path).unreadable") == 0 {
            log.error("a conversation has spoilt lines; its file is kept", metadata: ["path": "\(path).unreadable"])
        }
        return former
    }
}

/// A conversation as format 1 stored it.
private struct FormerConversation {
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
        // Its header was written with its first turn, which is spoilt.
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
private struct FormerThreads {
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

extension JSONFileStore {
    /// Migrates a state directory of the version before; another process that does is waited for.
    func migrate() throws(StoreError) {
        guard FormatMigration.done(try read(layout.format)) != nil else { return }
        try layout.outerLock("migration", "00").withLock(deadline: .seconds(86_400)) { () throws(StoreError) in
            guard let done = FormatMigration.done(try read(layout.format)) else { return }
            // Workers of the version before would go on writing files that nobody looks for.
            guard try !journals.areInUse() else {
                throw StoreError(.busy, "migrate, while a server of the version before runs,", path: layout.root)
            }
            try FormatMigration(layout: layout, log: log).run(after: done)
        }
    }
}
