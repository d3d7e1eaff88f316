import CSQLite

/// One connection to a SQLite database, used by one thread at a time and closed with its last use.
///
/// Unchecked: SQLite is built to be called from any thread, one at a time, which its owners see to.
final class SQLite: @unchecked Sendable {
    private let handle: OpaquePointer
    let path: String

    /// Opens the database, which is made where it is missing.
    ///
    /// - Parameter timeout: How long a step waits for another process that writes.
    init(_ path: String, timeout: Duration = .seconds(5)) throws(StoreError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_FULLMUTEX
        let status = sqlite3_open_v2(path, &handle, flags, nil)
        guard status == SQLITE_OK, let handle else {
            let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "no memory"
            sqlite3_close_v2(handle)
            throw Self.error(status, message, path)
        }
        self.handle = handle
        self.path = path
        setTimeout(timeout)
    }

    func setTimeout(_ timeout: Duration) { sqlite3_busy_timeout(handle, Int32(timeout.microseconds / 1000)) }

    deinit { sqlite3_close_v2(handle) }

    /// Runs statements that give nothing.
    func run(_ sql: String) throws(StoreError) {
        let status = sqlite3_exec(handle, sql, nil, nil, nil)
        guard status == SQLITE_OK else { throw failure(status) }
    }

    func prepare(_ sql: String) throws(StoreError) -> Statement {
        var statement: OpaquePointer?
        let status = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
        guard status == SQLITE_OK, let statement else { throw failure(status) }
        return Statement(statement, of: self)
    }

    /// The whole number in the first row; nil where there is none.
    func number(_ sql: String) throws(StoreError) -> Int? {
        let statement = try prepare(sql)
        return try statement.step() ? statement.int(0) : nil
    }

    /// Runs `body` in a transaction that keeps all others from writing; after an error nothing has changed.
    func exclusively<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        try run("BEGIN IMMEDIATE")
        do throws(StoreError) {
            let value = try body()
            try run("COMMIT")
            return value
        } catch {
            // After some failures SQLite has done so already.
            if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
            throw error
        }
    }

    fileprivate func failure(_ status: Int32) -> StoreError {
        Self.error(status, String(cString: sqlite3_errmsg(handle)), path)
    }

    private static func error(_ status: Int32, _ message: String, _ path: String) -> StoreError {
        let kind: StoreError.Kind
        switch status & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: kind = .busy
        case SQLITE_CORRUPT, SQLITE_NOTADB: kind = .corrupt
        default: kind = .unavailable
        }
        return StoreError(kind, "SQLite (\(message))", path: path)
    }

    /// A statement that can be run again and again.
    final class Statement {
        private let statement: OpaquePointer
        private let database: SQLite

        fileprivate init(_ statement: OpaquePointer, of database: SQLite) {
            self.statement = statement
            self.database = database
        }

        deinit { sqlite3_finalize(statement) }

        /// Begins anew with other values, numbered from 1.
        func bind(_ values: [Value]) throws(StoreError) {
            sqlite3_reset(statement)
            for (place, value) in values.enumerated() {
                let status =
                    switch value {
                    case .int(let number): sqlite3_bind_int64(statement, Int32(place + 1), Int64(number))
                    case .text(let text):
                        csqlite_bind_text(statement, Int32(place + 1), text, Int32(text.utf8.count))
                    }
                guard status == SQLITE_OK else { throw database.failure(status) }
            }
        }

        /// Goes on to the next row; false where there is none.
        func step() throws(StoreError) -> Bool {
            let status = sqlite3_step(statement)
            switch status {
            case SQLITE_ROW: return true
            case SQLITE_DONE: return false
            default:
                let error = database.failure(status)
                sqlite3_reset(statement)
                throw error
            }
        }

        /// Runs it to its end with these values.
        func run(_ values: [Value]) throws(StoreError) {
            try bind(values)
            while try step() {}
            sqlite3_reset(statement)
        }

        func int(_ column: Int) -> Int { Int(sqlite3_column_int64(statement, Int32(column))) }

        func text(_ column: Int) -> String {
            sqlite3_column_text(statement, Int32(column)).map { String(cString: $0) } ?? ""
        }
    }

    enum Value {
        case int(Int)
        case text(String)
    }
}
