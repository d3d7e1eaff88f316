extension SettingsSection {
    /// The three keys that can give the secret `key`.
    static func forms(of key: String) -> [String] { [key, "\(key)_env", "\(key)_file"] }

    /// Whether the secret `key` is given in any form.
    func hasSecret(_ key: String) -> Bool { Self.forms(of: key).contains(where: has) }

    /// The secret `key`: written out, in a variable named by `key_env`, or in a file named by `key_file`.
    ///
    /// Problems name neither the variable nor the file, because a secret itself may stand there by mistake.
    func secret(_ key: String, _ rule: SettingsRule<Secret>) -> Secret? {
        let literal = optional(key, rule)
        if literal != nil { report.noteLiteralSecret() }
        let variable = optional("\(key)_env", .name("the name of an environment variable"))
        let file = optional("\(key)_file", .name("the name of a file"))

        let given = Self.forms(of: key).filter(has)
        guard given.count <= 1 else {
            report.problem(
                path(of: key), found: given.map { "`\($0)`" }.joined(separator: " and "), expected: "only one of them")
            return nil
        }
        if let variable { return secret(inVariable: variable, at: path(of: "\(key)_env"), rule) }
        if let file { return secret(inFile: file, at: path(of: "\(key)_file"), rule) }
        return literal
    }

    private func secret(inVariable name: String, at path: String, _ rule: SettingsRule<Secret>) -> Secret? {
        guard let text = report.variable(name) else {
            let state = report.environment[name] == nil ? "not set" : "empty"
            report.problem(path, found: "a variable that is \(state)", expected: "a variable that holds the secret")
            return nil
        }
        return checked(text, in: "a variable", at: path, rule)
    }

    private func secret(inFile name: String, at path: String, _ rule: SettingsRule<Secret>) -> Secret? {
        do throws(SettingsFile.Failure) {
            var bytes = try report.files.read(report.resolve(name), limit: 64 << 10)
            while bytes.last == 0x0A || bytes.last == 0x0D { bytes.removeLast() }
            let text = String(validating: bytes, as: UTF8.self) ?? ""
            return checked(text, in: "a file", at: path, rule)
        } catch {
            report.problem(
                path, found: error.reason, expected: "a file that holds the secret",
                hint: name.hasPrefix("/") ? nil : "relative names begin at the directory of the settings")
            return nil
        }
    }

    private func checked(
        _ text: String, in place: String, at path: String, _ rule: SettingsRule<Secret>
    ) -> Secret? {
        if let secret = rule.read(.string(text)) { return secret }
        report.problem(path, found: "\(place) with something else", expected: "\(place) with \(rule.expected)")
        return nil
    }
}
