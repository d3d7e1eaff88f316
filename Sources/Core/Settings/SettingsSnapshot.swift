/// Settings that were good, with all that they were read from: the file itself and the files with secrets.
///
/// A worker that is started later gets these, whatever has become of the files. Holds secrets, so it stays in memory.
package struct SettingsSnapshot: Sendable {
    package let settings: Settings
    package let warnings: [SettingsWarning]
    private let json: JSON
    private let directory: String
    private let files: [String: String]

    init(
        settings: Settings, warnings: [SettingsWarning], json: JSON, directory: String, files: [String: String]
    ) {
        self.settings = settings
        self.warnings = warnings
        self.json = json
        self.directory = directory
        self.files = files
    }

    /// What ``init(bytes:environment:)`` reads.
    package var bytes: [UInt8] {
        let kept = files.map { JSONObject.Member(name: $0.key, value: JSON($0.value)) }
        let all: JSON = [
            "settings": json, "directory": JSON(directory), "files": .object(JSONObject(unchecked: kept)),
        ]
        return all.bytes
    }

    /// Reads settings again from what another process kept; `environment` must be the one that it had.
    package init(
        bytes: [UInt8], environment: [String: String] = ProcessEnvironment.current
    ) throws(SettingsError) {
        let kept = try? JSONReader.read(bytes, limits: .init(depth: 66, values: 1_100_000))
        guard let json = kept?["settings"], let directory = kept?["directory"]?.string,
            let members = kept?["files"]?.object?.members
        else {
            throw SettingsError(problems: [
                SettingsProblem(path: "settings", found: "something else", expected: "what the supervisor kept")
            ])
        }
        let files = Dictionary(members.map { ($0.name, $0.value.string ?? "") }) { $1 }
        let report = SettingsReport(
            environment: environment, directory: directory, files: SettingsFiles(kept: files))
        let (settings, warnings) = try Settings.decode(json, report: report)
        self.init(settings: settings, warnings: warnings, json: json, directory: directory, files: files)
    }
}
