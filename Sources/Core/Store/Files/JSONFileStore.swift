import Glibc
import Logging

/// The store of JSON files that all workers and the command line share; see DESIGN.md, "State".
///
/// What one process acknowledged the next call of any other sees: nothing is kept in memory but users and lists of models,
/// and those only while their files are the same. Writers of the same thing are ordered by a ``FileLock``; readers take none.
package struct JSONFileStore: Store {
    let layout: StateLayout
    let durability: Settings.Durability
    let log: Logger
    /// Whether a new file that was synced has its name after a power cut.
    let syncedFilesKeepNames: Bool
    let users = RecordCache<User>()
    let keys = RecordCache<User.ID>()
    let groupRecords = RecordCache<Group>()
    let modelLists = RecordCache<ModelList>()
    let directory = UserDirectory()
    let journal = JournalHolder()
    let writer: ArchiveWriter
    let accountsPage = AccountsPageHolder()
    let limitsTable = LimitsTableHolder()
    let lostCalls = LostCalls()
    /// What the limits' table is begun with.
    let waiting = WaitingLines<Wanted>()
    let namedUsers = NamedUsers()

    var isDurable: Bool { durability == .fsync }

    /// Opens the state directory `root`, and creates what is missing of it.
    ///
    /// - Throws: ``StoreError`` for a directory that others may read, a file system that several hosts share, or a
    ///   format that this version does not know.
    package init(root: String, durability: Settings.Durability, log: Logger) throws(StoreError) {
        let trailing = root.reversed().prefix { $0 == "/" }.count
        layout = StateLayout(root: trailing < root.count ? String(root.dropLast(trailing)) : root)
        writer = ArchiveWriter(layout.writers)
        self.durability = durability
        self.log = log
        umask(0o077)
        if !Directory.exists(layout.root) { try Directory.create(layout.root) }
        let fileSystem = try FileSystemKind.name(of: layout.root)
        guard !FileSystemKind.isShared(fileSystem ?? "") else {
            throw StoreError(.unavailable, "refuse the network file system of", path: layout.root)
        }
        syncedFilesKeepNames = FileSystemKind.withNamesInFileSync.contains(fileSystem ?? "")
        try createTree()
        try journals.recover()
        try migrate()
        finishBlanking()
    }

    /// What callers wait for.
    enum Wanted: Hashable, Sendable {
        case account(AccountChoice)
        case right(Right)
        case limit(LimitSubject)
    }

    package func lease(_ right: Right, timeout: Duration) async throws -> Lease? {
        let place = layout.place(of: right)
        let key = Wanted.right(right)
        return try await waiting.wait(in: key, for: timeout) { () throws(StoreError) in
            try Lease.take(place.path, offset: place.offset) { [waiting] in waiting.wake(key) }
        }
    }

    var journals: Journals { Journals(layout: layout, log: log) }

    /// Gets a journal for the turns that this process will store, for which its disk must be written; run it aside.
    ///
    /// - Parameter wake: Runs what it is given, which wakes all turns of a batch that is durable.
    package func openJournal(wake: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { $0() }) {
        guard isDurable, let opened = journals.open(wake: wake) else { return }
        journal.set(opened)
    }

    /// Gives the journal back; for the end of the process.
    package func closeJournal() { journal.set(nil)?.close() }

    package func isHealthy() -> Bool { Directory.exists(layout.format) }

    /// Makes an append-only file of `lines`.
    func create(_ path: String, _ lines: [JSON]) throws(StoreError) {
        try AppendLog.create(lines, at: path, durable: isDurable, syncsName: !syncedFilesKeepNames)
    }

    /// Reads one JSON file; nil if there is none.
    func read(_ path: String) throws(StoreError) -> JSON? {
        guard let file = try File.reading(path) else { return nil }
        return try read(file)
    }

    func read(_ file: borrowing File) throws(StoreError) -> JSON {
        do { return try JSONReader.read(try file.readAll(), limits: .trusted) } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.corrupt, "parse", path: file.path)
        }
    }

    private func createTree() throws(StoreError) {
        guard chmod(layout.root, 0o700) == 0 else { throw .last("chmod", layout.root) }
        for directory in layout.areas + [layout.usageNames] { try Directory.create(directory, durably: isDurable) }
        if let format = try read(layout.format) {
            guard [StateLayout.version, FormatMigration.from].contains(format["version"]?.int) else {
                throw StoreError(.corrupt, "unknown format version in", path: layout.format)
            }
            return
        }
        for directory in layout.shards { try Directory.create(directory, durably: false) }
        // A directory's sync makes the entries in it durable; the shards themselves are still empty. This happens once
        // in the life of a state directory, so it is always synced: no program starts on a format that is corrupt.
        for parent in Set(layout.shards.map(Directory.parent(of:))) { try Directory.sync(parent) }
        try AtomicFile.write(
            (["version": JSON(StateLayout.version)] as JSON).bytes + [0x0A], to: layout.format, durable: true)
    }

    /// The name of a temporary file holds its maker's process id.
    func removeIfAbandoned(_ path: String) throws(StoreError) {
        guard
            let owner = path.split(separator: ".").dropLast().last?.split(separator: "-").first.flatMap({ Int32($0) }),
            !Self.isRunning(owner)
        else { return }
        try Directory.removeFile(path, durably: false)
    }

    /// Whether there is such a process, and not only its exit status that nobody has asked for yet (a zombie).
    private static func isRunning(_ process: pid_t) -> Bool {
        guard kill(process, 0) == 0 || errno != ESRCH else { return false }
        do throws(StoreError) {
            guard let file = try File.reading("/proc/\(process)/stat") else { return false }
            let text = try file.read(at: 0, count: 512)
            // `pid (name) state …`, where the name may have parentheses of its own (proc(5)).
            guard let end = text.lastIndex(of: UInt8(ascii: ")")), end + 2 < text.count else { return true }
            return text[end + 2] != UInt8(ascii: "Z")
        } catch { return true }
    }
}
