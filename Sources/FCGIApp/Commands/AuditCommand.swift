import ArgumentParser
import Core

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
