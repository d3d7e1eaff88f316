import ArgumentParser
import Core

/// `admin …`: what only the operator may do.
struct AdminCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Keep the admin's key.", subcommands: [RotateKey.self])

    struct RotateKey: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-key",
            abstract: "Give the admin a new key, print it, write it to admin-key.txt, and take the old one.")

        @OptionGroup var state: StateOptions

        func run() throws {
            let key = try state.run { store in
                let admin = User.ID(owner: User.selfOwner, userID: "admin")
                try await CommandAudit(store: store).note(
                    "rotate key", ["owner": JSON(admin.owner), "user_id": JSON(admin.userID)])
                return try await store.replaceAdminKey()
            }
            print(key.text)
        }
    }
}

/// `audit …`: checks the audit log.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check the audit log.", subcommands: [Verify.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check that no line of the audit log was changed, put in or taken out.")

        @OptionGroup var state: StateOptions

        func run() throws {
            let (lines, fault) = try state.run { try await $0.verifyAudit() }
            if let fault { throw CommandFailure("Line \(fault.line) breaks the chain: \(fault.reason).") }
            print("\(lines) lines, the chain is whole")
        }
    }
}
