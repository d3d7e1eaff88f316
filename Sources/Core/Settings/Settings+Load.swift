@preconcurrency import Glibc

extension Settings {
    /// Reads and checks the settings file at `path`.
    ///
    /// Relative names in it begin at its directory.
    /// - Throws: All problems of the file at once, or the one that kept it from being read.
    package static func load(
        path: String, environment: [String: String] = ProcessEnvironment.current
    ) throws(SettingsError) -> (settings: Settings, warnings: [SettingsWarning]) {
        let snapshot = try SettingsSnapshot(path: path, environment: environment)
        return (snapshot.settings, snapshot.warnings)
    }
}

extension SettingsSnapshot {
    /// Reads and checks the settings file at `path` and the files that it names.
    ///
    /// - Throws: All problems of the file at once, or the one that kept it from being read.
    package init(
        path: String, environment: [String: String] = ProcessEnvironment.current
    ) throws(SettingsError) {
        let file: SettingsFile
        do throws(SettingsFile.Failure) {
            file = try SettingsFile.read(path, limit: 4 << 20)
        } catch {
            throw SettingsError(problems: [
                SettingsProblem(path: path, found: error.reason, expected: "a settings file in JSON")
            ])
        }

        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSONReader.read(file.bytes, limits: .trusted)
        } catch {
            let (line, column) = Self.place(of: error.offset, in: file.bytes)
            throw SettingsError(problems: [
                SettingsProblem(
                    path: "\(path):\(line):\(column)", found: "a fault (\(error.reason))", expected: "valid JSON")
            ])
        }

        let directory = Self.directory(of: path)
        let report = SettingsReport(environment: environment, directory: directory)
        var result = try Settings.decode(json, report: report)
        if report.hasLiteralSecrets, file.mode & 0o077 != 0 {
            let message = "the file holds secrets and others than its owner may read it; chmod 600 closes it"
            result.warnings.append(SettingsWarning(path: path, message: message))
        }
        self.init(
            settings: result.settings, warnings: result.warnings, json: json, directory: directory,
            files: report.files.contents)
    }

    /// Line and column from 1 of the byte at `offset`; a column is a Unicode scalar.
    private static func place(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        let before = bytes.prefix(offset)
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let line = before.count { $0 == 0x0A } + 1
        return (line, before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1)
    }

    /// The directory of the file `path`, absolute wherever the working directory is known.
    private static func directory(of path: String) -> String {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard !directory.hasPrefix("/"), let working = getcwd(nil, 0) else { return directory }
        defer { free(working) }
        let start = String(cString: working)
        return directory == "." ? start : "\(start)/\(directory)"
    }
}

/// The environment variables of this process.
package enum ProcessEnvironment {
    /// All variables, as they are now; entries that are not UTF-8 are repaired.
    ///
    /// Nothing in this program changes them, so reading does not race.
    package static var current: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return variables
    }
}
