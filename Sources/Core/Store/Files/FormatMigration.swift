import CLinux
import Glibc
import Logging

/// Brings a state directory of format 1 to format 2, one of 256 parts of the archives after the other.
///
/// Format 1 had a file for each conversation, a list in each archive, and threads in logs of their own. `format.json` says
/// 2 from the beginning, so that the version before refuses the directory, and how many parts are done. Files of parts
/// are removed once their logs are on the disk and that is noted, so a cut at any moment costs the work since the last note.
struct FormatMigration {
    static let from = 1
    /// Parts are synced together until they have so many turns; a sync waits for all that others write to the disk.
    private static let turnsAtOnce = 10_000

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
        var (unsynced, turnsBefore): ([String], Int) = ([], 0)
        for part in 0..<256 {
            let shard = "\(layout.root)/conversations/\(Hex.encode([UInt8(part)]))"
            let archives = try Directory.names(in: shard).map { "\(shard)/\($0)" }
            guard part >= done else {
                // It was cut off while they were removed.
                try removeFormerFiles(of: archives)
                continue
            }
            for archive in archives { turns += try convert(archive, threads) }
            unsynced += archives
            guard turns - turnsBefore >= Self.turnsAtOnce || part == 255 else { continue }
            try syncAll()
            try note(part + 1)
            try removeFormerFiles(of: unsynced)
            (unsynced, turnsBefore) = ([], turns)
            if told.duration(to: .now) > .seconds(5) {
                told = .now
                log.notice("migrating", metadata: ["parts": "\(part + 1) of 256", "turns": "\(turns)"])
            }
        }
        try syncAll()
        try Directory.removeTree("\(layout.root)/threads")
        try AtomicFile.write((["version": JSON(StateLayout.version)] as JSON).bytes, to: layout.format, durable: true)
        log.notice(
            "the state directory has format 2",
            metadata: ["turns": "\(turns)", "seconds": "\(begun.duration(to: .now).microseconds / 1_000_000)"])
    }

    private func removeFormerFiles(of archives: [String]) throws(StoreError) {
        for archive in archives {
            for name in try Directory.names(in: archive) where name.hasSuffix(".jsonl") {
                try Directory.removeFile("\(archive)/\(name)", durably: false)
            }
        }
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
    /// One with corrupt lines is kept, too, beside what can be read of it.
    private func read(_ path: String) throws(StoreError) -> FormerConversation? {
        guard let (lines, skipped) = try AppendLog.read(path) else { return nil }
        let former = FormerConversation(lines)
        if former == nil && !(lines.isEmpty && skipped == 0) || skipped > 0, link(path, "\(path).unreadable") == 0 {
            log.error("a conversation has corrupt lines; its file is kept", metadata: ["path": "\(path).unreadable"])
        }
        return former
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
