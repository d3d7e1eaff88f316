import ArgumentParser
import Core
import Glibc

/// `import`: takes over what the Flask server kept.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take over users.json and conversations.json of the Flask server.",
        discussion: """
            Users keep their keys. What is there already is left as it is, so a second run changes nothing. \
            Follow-ups work where an account of the same e-mail address is in the settings.
            """)

    @OptionGroup var state: StateOptions

    @Option(help: ArgumentHelp("The Flask server's users.json.", valueName: "FILE"))
    var users: String?

    @Option(help: ArgumentHelp("The Flask server's conversations.json.", valueName: "FILE"))
    var conversations: String?

    @Option(help: ArgumentHelp("The settings, whose accounts are matched by e-mail address.", valueName: "FILE"))
    var settings: String?

    @Flag(help: "Only say what would be done.")
    var dryRun = false

    func validate() throws {
        guard users != nil || conversations != nil else {
            throw ValidationError("Name a file with --users or --conversations.")
        }
    }

    func run() throws {
        let accounts = try settings.map { try Settings.load(path: $0).settings.openAI.accounts } ?? []
        let (users, conversations) = (try users.map(Self.read), try conversations.map(Self.read))
        var work = FlaskImport(store: try state.openFiles(), accounts: accounts, isDryRun: dryRun)
        let report = try work.run(users: users, conversations: conversations)
        for line in report.lines { print(line) }
        print(
            "\(dryRun ? "would add" : "added") \(report.addedUsers) users and \(report.addedConversations) "
                + "conversations; \(report.problems) problems")
    }

    private static func read(_ path: String) throws -> JSON {
        guard let bytes = FileBytes.read(path) else {
            throw CommandFailure("Cannot read \(path): \(String(cString: strerror(errno)))")
        }
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
