import ArgumentParser
import Core

/// Says what is wrong with a settings file, without starting anything.
///
/// Everything goes to standard output, because it is what was asked for. Ends with 0 if the file can be
/// used, warnings or not, and with 1 if it cannot.
struct CheckSettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-settings", abstract: "Check a settings file and report all of its problems.")

    @Option(name: .long, help: "The settings file.")
    var settings = "settings.json"

    func run() throws {
        do throws(SettingsError) {
            let (_, warnings) = try Settings.load(path: settings)
            for warning in warnings { print("warning: \(warning)") }
            print("settings are valid")
        } catch {
            for warning in error.warnings { print("warning: \(warning)") }
            for problem in error.problems { print("problem: \(problem)") }
            throw ExitCode.failure
        }
    }
}
