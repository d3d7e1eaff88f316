import Core
import Testing

/// The settings in `text`, read without an environment unless one is given.
func decode(
    _ text: String, environment: [String: String] = [:], base: String = "/nonexistent"
) throws -> (settings: Settings, warnings: [SettingsWarning]) {
    try Settings.decode(JSONReader.read(text), environment: environment, secretsBase: base)
}

/// The problems of settings that must not be accepted.
func problems(
    _ text: String, environment: [String: String] = [:], base: String = "/nonexistent",
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> [SettingsProblem] {
    let error = try #require(throws: SettingsError.self, sourceLocation: sourceLocation) {
        try decode(text, environment: environment, base: base)
    }
    return error.problems
}
