import ArgumentParser
import Core
import Logging

/// The state directory that a command works on; workers that run on it see each change at once.
struct StateOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The directory that holds all state.", valueName: "DIR"))
    var stateDir: String

    /// Runs `work` on the store.
    func run<Value: Sendable>(_ work: @escaping @Sendable (any Store) async throws -> Value) throws -> Value {
        let store = try Composition.openStore(stateDir, durability: .fsync, log: Self.log)
        return try Blocking.run { try await work(store) }
    }

    private static let log = Logger(label: "command")
}
