import ArgumentParser
import Core

/// `export`: everything of a user, or of all, as JSON lines.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write everything that is kept of a user, or of all, as JSON lines.")

    @OptionGroup var state: StateOptions

    @Option(help: ArgumentHelp("Only this user.", valueName: "ID"))
    var userID: String?

    @Option(help: ArgumentHelp("The client that owns the user, or \"self\".", valueName: "ID"))
    var owner = User.selfOwner

    func run() throws {
        let store = try state.openFiles()
        let export = Export(store: store)
        guard let userID else { return try export.all { print(Text.shown($0)) } }
        let id = User.ID(owner: owner, userID: userID)
        let user = try store.user(id)
        if let user { try export.user(user) { print(Text.shown($0)) } }
        let hasKept = try export.kept(of: id) { print(Text.shown($0)) }
        guard user != nil || hasKept else { throw CommandFailure("There is no user \(userID) of \(owner).") }
    }
}
