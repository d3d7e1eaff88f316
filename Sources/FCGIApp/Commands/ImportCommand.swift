import ArgumentParser
import Core
import Glibc

/// `import`: takes over what the Flask server kept, and the groups of an export.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take over users.json and conversations.json of the Flask server, or groups.",
        discussion: """
            Users keep their keys. What is there already is left as it is, so a second run changes nothing. \
            Follow-ups work where an account of the same e-mail address is in the settings.
            """)

    @OptionGroup var state: StateOptions

    @Option(help: ArgumentHelp("The Flask server's users.json.", valueName: "FILE"))
    var users: String?

    @Option(help: ArgumentHelp("The Flask server's conversations.json.", valueName: "FILE"))
    var conversations: String?

    @Option(help: ArgumentHelp("Lines that `export` wrote: groups, and who is in them.", valueName: "FILE"))
    var groups: String?

    @Option(help: ArgumentHelp("The settings, whose accounts are matched by e-mail address.", valueName: "FILE"))
    var settings: String?

    @Flag(help: "Only say what would be done.")
    var dryRun = false

    func validate() throws {
        guard users != nil || conversations != nil || groups != nil else {
            throw ValidationError("Name a file with --users, --conversations or --groups.")
        }
    }

    func run() throws {
        if users != nil || conversations != nil { try importFlask() }
        if let groups { try importGroups(groups) }
    }

    private func importGroups(_ path: String) throws {
        let lines = try Self.bytes(path).split(separator: UInt8(ascii: "\n")).map { try Self.json(Array($0), path) }
        let isDryRun = dryRun
        let report = try state.run { store in
            var work = GroupImport(store: store, isDryRun: isDryRun)
            return try await work.run(lines)
        }
        for line in report.lines { print(line) }
        print(
            "\(dryRun ? "would add" : "added") \(report.addedGroups) groups and \(report.addedMembers) memberships")
    }

    private func importFlask() throws {
        let accounts = try settings.map { try Settings.load(path: $0).settings.openAI.accounts } ?? []
        let (users, conversations) = (try users.map(Self.read), try conversations.map(Self.read))
        let isDryRun = dryRun
        let report = try state.run { store in
            var work = FlaskImport(store: store, accounts: accounts, isDryRun: isDryRun)
            return try await work.run(users: users, conversations: conversations)
        }
        for line in report.lines { print(line) }
        print(
            "\(dryRun ? "would add" : "added") \(report.addedUsers) users and \(report.addedConversations) "
                + "conversations; \(report.problems) problems")
    }

    private static func read(_ path: String) throws -> JSON { try json(try bytes(path), path) }

    private static func bytes(_ path: String) throws -> [UInt8] {
        guard let bytes = FileBytes.read(path) else {
            throw CommandFailure("Cannot read \(path): \(String(cString: strerror(errno)))")
        }
        return bytes
    }

    private static func json(_ bytes: [UInt8], _ path: String) throws -> JSON {
        do throws(JSONSyntaxError) { return try JSONReader.read(bytes, limits: .imported) } catch {
            throw CommandFailure("\(path) is not valid JSON at byte \(error.offset): \(error.reason)")
        }
    }
}

/// Reads files that the operator names.
enum FileBytes {
    static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "rbe") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { return ferror(file) == 0 ? bytes : nil }
            bytes += piece[..<count]
        }
    }
}
