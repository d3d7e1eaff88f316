import ArgumentParser
import Core

/// `usage …`: tells what was used, and checks that the ledger is right.
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Tell what was used, and check the ledger.",
        subcommands: [Report.self, Verify.self, Rebuild.self])

    /// The first and the last day, both counted.
    struct Days: ParsableArguments {
        @Option(help: ArgumentHelp("The first day.", valueName: "yyyy-mm-dd"))
        var from: Day?

        @Option(help: ArgumentHelp("The last day, which is counted, too.", valueName: "yyyy-mm-dd"))
        var to: Day?

        func validate() throws {
            if let from, let to, from > to { throw ValidationError("--from must not be after --to.") }
        }

        /// All days where nothing is said.
        func range() throws -> ClosedRange<Day> {
            guard let first = from ?? Day("1970-01-01"), let last = to ?? Day("9999-12-31"), first <= last else {
                throw CommandFailure("There are no such days.")
            }
            return first...last
        }
    }

    struct Report: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print what was used as a table, as JSON or as CSV.")

        @OptionGroup var state: StateOptions
        @OptionGroup var days: Days

        @Option(help: ArgumentHelp("By what it is put together, with commas between.", valueName: "COLUMNS"))
        var by = "day"

        @Flag(help: "Print JSON, one object a line.")
        var json = false

        @Flag(help: "Print CSV.")
        var csv = false

        func validate() throws {
            guard !json || !csv else { throw ValidationError("--json and --csv cannot stand together.") }
            _ = try columns()
        }

        private func columns() throws -> [UsageQuery.Column] {
            let words = by.split(separator: ",", omittingEmptySubsequences: false)
            let columns = words.compactMap { UsageQuery.Column(rawValue: String($0)) }
            guard columns.count == words.count, Set(columns).count == columns.count else {
                let known = UsageQuery.Column.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--by is one or more of \(known), with commas between.")
            }
            return columns
        }

        func run() throws {
            let columns = try columns()
            let query = UsageQuery(days: try days.range(), by: columns, limit: 1_000_000)
            let rows = try state.run { store in
                let report = UsageReport(store: store, showsAccounts: true)
                var rows: [[JSON]] = []
                for sum in try await store.usage(query) {
                    rows.append(try await report.members(of: sum, by: columns).map(\.value))
                }
                return rows
            }
            let names = UsageReport.names(by: columns)
            if json {
                for row in rows { Self.write(UsageReport.line(names, row)) }
            } else if csv {
                for row in [names] + rows.map({ $0.map(UsageReport.cell) }) { Self.write(CSV.record(row)) }
            } else {
                Self.printTable([names] + rows.map { $0.map { Text.shown(UsageReport.cell($0)) } })
            }
        }

        private static func write(_ line: [UInt8]) {
            Swift.print(String(decoding: line, as: UTF8.self), terminator: "")
        }

        private static func printTable(_ lines: [[String]]) {
            let widths = (lines.first ?? []).indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
            for line in lines {
                let cells = zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                Swift.print(cells.joined(separator: "  "))
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare rows, totals and archive; ends with 1 where they differ.",
            discussion: """
                Reads all rows of the days and the first bytes of all turns, while the server goes on. Every row must \
                be as it was written, the totals must be the sums of the rows, and every turn in the archive must have \
                one row.
                """)

        @OptionGroup var state: StateOptions
        @OptionGroup var days: Days

        func run() throws {
            let range = try days.range()
            let check = try state.run { try await $0.verifyUsage(range) }
            for difference in check.differences { print(Text.shown(difference)) }
            let torn = check.torn > 0 ? ", \(check.torn) lines were cut off by the end of a process" : ""
            print("\(check.rows) rows, \(check.turns) turns\(torn), \(check.count) differences")
            if check.count > 0 { throw ExitCode(1) }
        }
    }

    struct Rebuild: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the totals anew from the rows, which the server may go on to write.")

        @OptionGroup var state: StateOptions

        func run() throws {
            try state.run { store in
                try await CommandAudit(store: store).note("usage.rebuild")
                try await store.rebuildUsage()
            }
        }
    }
}

extension Day: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
