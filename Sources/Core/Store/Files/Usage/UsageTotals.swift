import Glibc

/// The sums of the ledger's rows in a SQLite database that is derived from them.
///
/// Rows are folded in exactly once, because how far a file was read stands in the same transaction as the sums. Whoever
/// wants may fold: SQLite lets one process write at a time. A file is synced before its rows are folded, so that no sum
/// holds what a power cut takes away; publishing how far each writer's journal is durable would spare that sync, but it
/// would be one more thing in shared memory that must be right after each kind of death. Should a file be shorter than
/// what was read of it, or be another one, all of it is folded anew.
final class UsageTotals {
    let database: SQLite
    let root: String
    private let isDurable: Bool
    private let device: UInt
    private let inode: UInt

    static let version = 2

    /// - Parameter database: In which of those that are attached.
    static func tables(of database: String) -> String {
        """
        CREATE TABLE \(database).u(client TEXT, user TEXT, currency TEXT, day TEXT, grp TEXT, cost_center TEXT,
            key TEXT, account TEXT, model TEXT, \(sums),
            PRIMARY KEY(client, user, currency, day, grp, cost_center, key, account, model)) WITHOUT ROWID;
        CREATE TABLE \(database).d(day TEXT, client TEXT, grp TEXT, cost_center TEXT, account TEXT, model TEXT,
            currency TEXT, \(sums),
            PRIMARY KEY(day, client, grp, cost_center, account, model, currency)) WITHOUT ROWID;
        CREATE TABLE \(database).at(file TEXT PRIMARY KEY, offset INT, last INT, crc TEXT) WITHOUT ROWID;
        CREATE TABLE \(database).self(inode INT);
        """
    }
    private static let indices = """
        CREATE INDEX u_user ON u(user, day);
        CREATE INDEX u_key ON u(key, day) WHERE key <> '';
        PRAGMA user_version = \(version);
        """
    private static let sums =
        "calls INT, unpriced INT, prompt INT, completion INT, cached INT, reasoning INT, estimated INT, nano INT, ms INT"
    static let keys = ["client", "user", "currency", "day", "grp", "cost_center", "key", "account", "model"]
    static let keysWithoutUsers = ["day", "client", "grp", "cost_center", "account", "model", "currency"]
    static let sumNames = [
        "calls", "unpriced", "prompt", "completion", "cached", "reasoning", "estimated", "nano", "ms",
    ]

    /// Opens the database and makes its tables where there are none.
    ///
    /// - Parameter path: `:memory:` or an empty text is one that only this object has.
    /// - Throws: ``StoreError/Kind/corrupt`` for a file that is none of ours, of another version, or a copy, as of a
    ///   backup: what was copied while it was written need not fit together.
    init(_ path: String, rows root: String, isDurable: Bool) throws(StoreError) {
        self.root = root
        self.isDurable = isDurable
        database = try SQLite(path)
        try database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        var status = stat()
        if lstat(path, &status) != 0 { (status.st_dev, status.st_ino) = (0, 0) }
        (device, inode) = (status.st_dev, status.st_ino)
        switch try database.number("PRAGMA user_version") {
        case Self.version: break
        case 0 where try database.number("SELECT count(*) FROM sqlite_master") == 0:
            let (database, inode) = (database, Int(truncatingIfNeeded: inode))
            try database.exclusively { () throws(StoreError) in
                // Another process may have been first.
                guard try database.number("PRAGMA user_version") == 0 else { return }
                try database.run("\(Self.tables(of: "main")) \(Self.indices) INSERT INTO self VALUES(\(inode))")
            }
        default: throw StoreError(.corrupt, "unknown version of", path: path)
        }
        // Younger than the tables, whose version it leaves as it is, so that workers of the version before go on beside.
        if try database.number("SELECT 1 FROM main.sqlite_master WHERE name = 'u_group'") == nil {
            try database.run("CREATE INDEX IF NOT EXISTS u_group ON u(grp, day) WHERE grp <> ''")
        }
        guard try database.number("SELECT inode FROM self") == Int(truncatingIfNeeded: inode) else {
            throw StoreError(.corrupt, "trust a copy of", path: path)
        }
    }

    /// Whether its path still names it.
    var isInPlace: Bool {
        var status = stat()
        return lstat(database.path, &status) == 0 && status.st_ino == inode && status.st_dev == device
    }

    // MARK: Folding

    /// How far a file was read: its end, and where the last line begins and its checksum, by which it is known again.
    struct Mark: Equatable {
        var offset: Int
        var last: Int
        var crc: String
    }

    /// A file, and how much of it is there to be read.
    private struct Source {
        var file: RowFile
        var size: Int
    }

    /// Folds in what is new.
    ///
    /// - Parameter days: Looks at files of these days only, unless nothing was folded yet; nil: at all.
    func fold(_ days: [Day]? = nil) throws(StoreError) {
        let days = try database.number("SELECT 1 FROM at LIMIT 1") == nil ? nil : days
        // Before the files: whatever another process folds meanwhile, what it folded it found there.
        let marks = try marks(from: days?.min())
        let sources = try sources(of: days)
        let new = sources.filter { $0.size != marks[$0.file.name]?.offset ?? 0 }
        if new.isEmpty, !lacksFiles(of: days, marks) { return }
        try sync(new, marks)
        try database.exclusively { () throws(StoreError) in
            let marks = try self.marks(from: days?.min())
            if !lacksFiles(of: days, marks), try foldNew(new, marks) { return }
            try foldAll()
        }
    }

    /// Whether a file is gone that was read, so that its rows must be taken out of the sums.
    private func lacksFiles(of days: [Day]?, _ marks: [String: Mark]) -> Bool {
        marks.keys.contains { name in
            guard let file = RowFile(name: name, root: root), days?.contains(file.day) ?? true else { return false }
            return !Directory.exists(file.path)
        }
    }

    /// Makes all sums anew beside the old ones, which others go on to use and to extend, and then puts them in their place.
    ///
    /// Only that last step keeps others from writing, for about a second for each million of different sums.
    func rebuild() throws(StoreError) {
        // An empty name is a database of its own, which SQLite removes with the connection.
        try database.run("ATTACH '' AS fresh; \(Self.tables(of: "fresh"))")
        // Rows come in no order of the sums: with little room each page would be read and written again and again.
        try database.run("PRAGMA fresh.cache_size = -262144; PRAGMA main.cache_size = -65536")
        let sources = try sources(of: nil)
        try sync(sources, [:])
        try database.run("BEGIN")
        let upsert = try Upsert(database, in: "fresh")
        for source in sources { try fold(source, after: nil, with: upsert) }
        try database.run("COMMIT")
        // Another process may be folding very many rows.
        database.setTimeout(.seconds(600))
        try database.exclusively { () throws(StoreError) in
            for table in ["u", "d", "at"] {
                try database.run("DELETE FROM main.\(table); INSERT INTO main.\(table) SELECT * FROM fresh.\(table)")
            }
        }
    }

    private func foldAll() throws(StoreError) {
        let sources = try sources(of: nil)
        try sync(sources, [:])
        try database.run("DELETE FROM u; DELETE FROM d; DELETE FROM at")
        let upsert = try Upsert(database)
        for source in sources { try fold(source, after: nil, with: upsert) }
    }

    /// False, where a file is not what was read before; some of the others are folded then.
    private func foldNew(_ sources: [Source], _ marks: [String: Mark]) throws(StoreError) -> Bool {
        let upsert = try Upsert(database)
        for source in sources {
            let mark = marks[source.file.name]
            // Another process may have been here by now.
            if let mark, mark.offset > source.size, source.file.size >= mark.offset { continue }
            if let mark, try !isSame(source, mark) { return false }
            try fold(source, after: mark, with: upsert)
        }
        return true
    }

    private func isSame(_ source: Source, _ mark: Mark) throws(StoreError) -> Bool {
        guard source.size >= mark.offset, let file = try File.reading(source.file.path) else { return false }
        return Self.crc(try file.read(at: mark.last, count: 16)[...]) == mark.crc
    }

    private static func crc(_ line: ArraySlice<UInt8>) -> String { String(decoding: line.prefix(16), as: UTF8.self) }

    private func fold(_ source: Source, after mark: Mark?, with upsert: Upsert) throws(StoreError) {
        var last: (offset: Int, crc: String)?
        let end = try source.file.scan((mark?.offset ?? 0)..<source.size) { line, offset throws(StoreError) in
            last = (offset, Self.crc(line))
            if let row = RowFile.row(in: line) { try upsert.add(row) }
        }
        guard let last else { return }
        try upsert.note(source.file, Mark(offset: end, last: last.offset, crc: last.crc))
    }

    /// - Parameter days: Nil: all.
    private func sources(of days: [Day]?) throws(StoreError) -> [Source] {
        guard let days else { return try sources(of: RowFile.days(in: root)) }
        var sources: [Source] = []
        for day in days {
            for file in try RowFile.files(of: day, in: root) { sources.append(Source(file: file, size: file.size)) }
        }
        return sources
    }

    private func sync(_ sources: [Source], _ marks: [String: Mark]) throws(StoreError) {
        guard isDurable else { return }
        for source in sources {
            try File(source.file.path, O_RDONLY).syncData()
            if marks[source.file.name] == nil { try Directory.sync(Directory.parent(of: source.file.path)) }
        }
    }

    func marks(from day: Day? = nil) throws(StoreError) -> [String: Mark] {
        var marks: [String: Mark] = [:]
        let statement = try database.prepare("SELECT file, offset, last, crc FROM main.at WHERE file >= ?")
        try statement.bind([.text(day?.text ?? "")])
        while try statement.step() {
            marks[statement.text(0)] = Mark(offset: statement.int(1), last: statement.int(2), crc: statement.text(3))
        }
        return marks
    }

    /// The statements that add a row.
    struct Upsert {
        private let user: SQLite.Statement
        private let day: SQLite.Statement
        private let at: SQLite.Statement

        /// - Parameter name: Of the attached database that gets them.
        init(_ database: SQLite, in name: String = "main") throws(StoreError) {
            user = try database.prepare(Self.sql("\(name).u", keys))
            day = try database.prepare(Self.sql("\(name).d", keysWithoutUsers))
            at = try database.prepare("INSERT OR REPLACE INTO \(name).at VALUES(?, ?, ?, ?)")
        }

        private static func sql(_ table: String, _ keys: [String]) -> String {
            let places = Array(repeating: "?", count: keys.count + sumNames.count).joined(separator: ", ")
            let sums = sumNames.map { "\($0) = \($0) + excluded.\($0)" }.joined(separator: ", ")
            return "INSERT INTO \(table) VALUES(\(places)) ON CONFLICT DO UPDATE SET \(sums)"
        }

        func add(_ row: UsageRow) throws(StoreError) {
            let usage = row.usage
            let sums: [SQLite.Value] = [
                .int(1), .int(row.cost == nil ? 1 : 0), .int(usage.prompt), .int(usage.completion),
                .int(usage.cached), .int(usage.reasoning), .int(usage.isEstimated ? 1 : 0), .int(row.cost?.nano ?? 0),
                .int(row.milliseconds),
            ]
            func text(_ value: String?) -> SQLite.Value { .text(value ?? "") }
            let (client, group, center) = (text(row.client), text(row.group), text(row.costCenter))
            let (account, model, currency) = (text(row.account), text(row.model), text(row.currency))
            let date = SQLite.Value.text(row.day.text)
            try user.run(
                [client, text(row.user), currency, date, group, center, text(row.key), account, model] + sums)
            try day.run([date, client, group, center, account, model, currency] + sums)
        }

        func note(_ file: RowFile, _ mark: Mark) throws(StoreError) {
            try at.run([.text(file.name), .int(mark.offset), .int(mark.last), .text(mark.crc)])
        }
    }
}

extension UsageTotals {
    /// Whether the file is in order; reads all of it.
    var isWhole: Bool {
        get throws(StoreError) {
            let statement = try database.prepare("PRAGMA quick_check(1)")
            return try statement.step() && statement.text(0) == "ok"
        }
    }
}
