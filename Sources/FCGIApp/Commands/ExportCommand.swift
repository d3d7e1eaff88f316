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
        let (userID, owner) = (userID, owner)
        try state.run { store in
            let export = Export(store: store)
            guard let userID else { return try await export.everything { print(Text.shown($0)) } }
            let found = try await export.user(User.ID(owner: owner, userID: userID)) { print(Text.shown($0)) }
            guard found else { throw CommandFailure("There is no user \(userID) of \(owner).") }
        }
    }
}
