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

        func run() throws { print(try state.run { try await $0.replaceAdminKey() }.text) }
    }
}
