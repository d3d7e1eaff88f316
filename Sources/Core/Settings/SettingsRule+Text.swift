extension SettingsRule where Value == String {
    /// A text with at least one character that is not white space.
    static var text: Self {
        SettingsRule(expected: "a text that is not blank") { json in
            json.string.flatMap { $0.allSatisfy(\.isWhitespace) || $0.utf8.contains(0) ? nil : $0 }
        }
    }

    /// The name of something outside, on one line.
    static func name(_ expected: String) -> Self {
        // The value is not shown: it is where a secret gets by mistake.
        SettingsRule(expected: expected, isSecret: true) { json in
            json.string.flatMap { isOneLine($0) && $0.utf8.count <= 4096 ? $0 : nil }
        }
    }

    static var model: Self {
        SettingsRule(expected: "the name of a model") { json in
            json.string.flatMap { isOneLine($0) && $0.utf8.count <= 256 ? $0 : nil }
        }
    }

    static var accountID: Self {
        SettingsRule(expected: "1 to 128 of the characters A-Z a-z 0-9 _ . : @ -") { json in
            json.string.flatMap { Account.ID.isValid($0) ? $0 : nil }
        }
    }

    static var email: Self {
        SettingsRule(expected: "an e-mail address") { json in
            json.string.flatMap { text in
                let sides = text.split(separator: "@", omittingEmptySubsequences: false)
                let isAddress = sides.count == 2 && !sides.contains(where: \.isEmpty) && text.utf8.count <= 254
                return isAddress && !text.contains(where: \.isWhitespace) && isOneLine(text) ? text : nil
            }
        }
    }

    /// A BCP 47 language tag.
    static var language: Self {
        SettingsRule(expected: "a language such as \"en-US\"") { json in
            json.string.flatMap { text in
                let isTag = text.split(separator: "-", omittingEmptySubsequences: false).allSatisfy {
                    (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy(URLParts.isLetterOrDigit)
                }
                return isTag && text.utf8.count >= 2 && text.utf8.count <= 35 ? text : nil
            }
        }
    }

    /// The name of a file that nginx reads: its configuration gives quotes, `$` and backslashes a meaning.
    static var fileForNginx: Self {
        SettingsRule(expected: "the name of a file, without quotes, $, backslashes and control characters") { json in
            json.string.flatMap { isOneLine($0) && !$0.contains(where: { "\"'$\\".contains($0) }) ? $0 : nil }
        }
    }

    static func isOneLine(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}

extension SettingsRule where Value == [String] {
    static var models: Self {
        SettingsRule(expected: "an array of different model names") { json in
            guard let elements = json.array else { return nil }
            let names = elements.compactMap(SettingsRule<String>.model.read)
            return names.count == elements.count && Set(names).count == names.count ? names : nil
        }
    }
}

extension SettingsRule where Value == Secret {
    /// What goes into a header: visible ASCII.
    static var token: Self {
        SettingsRule(expected: "a text of visible ASCII characters without spaces", isSecret: true) { json in
            json.string.flatMap { text in
                let fits = (1...16_384).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
                return fits ? Secret(text) : nil
            }
        }
    }

    static var password: Self {
        SettingsRule(expected: "a text that is not empty, on one line", isSecret: true) { json in
            json.string.flatMap { SettingsRule<String>.isOneLine($0) ? Secret($0) : nil }
        }
    }
}
