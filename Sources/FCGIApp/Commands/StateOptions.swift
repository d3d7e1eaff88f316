import ArgumentParser
import Core
import Logging

/// The state directory that a command works on; workers that run on it see each change at once.
struct StateOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The directory that holds all state.", valueName: "DIR"))
    var stateDir: String

    func openStore() throws -> JSONFileStore {
        try JSONFileStore(root: stateDir, durability: .fsync, log: Logger(label: "command"))
    }
}
