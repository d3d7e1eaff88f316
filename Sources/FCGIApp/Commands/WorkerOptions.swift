import ArgumentParser
import Core

/// The options of a worker, which `serve` passes on.
struct WorkerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The settings file.", valueName: "file"))
    var settings: String

    @Option(help: ArgumentHelp("The directory of users, keys and conversations.", valueName: "dir"))
    var stateDir: String

    @Option(help: "How long running requests may go on when a worker ends.")
    var drainSeconds = 30

    func validate() throws {
        guard (0...3600).contains(drainSeconds) else {
            throw ValidationError("--drain-seconds must be from 0 to 3600.")
        }
    }

    /// Refuses a number of workers that the state directory has no room for.
    static func validate(workers: Int?) throws {
        guard workers.map((1...Settings.Server.mostWorkers).contains) ?? true else {
            throw ValidationError("--workers must be from 1 to \(Settings.Server.mostWorkers).")
        }
    }

    /// The same options as a command line.
    var arguments: [String] {
        ["--settings", settings, "--state-dir", stateDir, "--drain-seconds", String(drainSeconds)]
    }
}
