extension SettingsRule where Value == String {
    /// An address to listen on; an IPv6 address comes out in brackets.
    static var host: Self {
        SettingsRule(expected: "an IP address or a host name") { json in
            json.string.flatMap { text in
                if URLParts.isIPv6(text) { return "[\(text)]" }
                return URLParts.isHost(text) ? text : nil
            }
        }
    }

    /// An http or https URL without credentials and query; slashes at its end are dropped.
    static var httpURL: Self {
        func normalised(_ text: String) -> String? {
            guard let parts = URLParts(text), ["http", "https"].contains(parts.scheme), parts.userInfo == nil,
                !parts.hasQueryOrFragment
            else { return nil }
            let path = parts.path.reversed().drop { $0 == "/" }.reversed()
            return "\(parts.scheme)://\(parts.host)\(parts.port.map { ":\($0)" } ?? "")\(String(path))"
        }
        return SettingsRule(
            expected: "an http or https URL with a host, without user, password, query and fragment",
            hint: { json in
                guard let text = json.string, !text.contains("://"), let url = normalised("https://\(text)")
                else { return nil }
                return "did you mean \(JSON(url).text)?"
            },
            read: { $0.string.flatMap(normalised) })
    }

    /// The path of an endpoint, below the root and without a slash at its end.
    static var path: Self {
        SettingsRule(
            expected: "a path such as \"/chat\": letters, digits and - . _ ~ /, no .. and //, no slash at its end",
            hint: { json in
                guard let text = json.string, !text.hasPrefix("/"), isPath("/\(text)") else { return nil }
                return "did you mean \(JSON("/\(text)").text)?"
            },
            read: { $0.string.flatMap { isPath($0) ? $0 : nil } })
    }

    /// The path below which nginx mounts the server; comes out with a slash at both ends.
    static var basePath: Self {
        SettingsRule(expected: "\"/\" or a path such as \"/chatgpt/\" of letters, digits and - . _ ~ /") { json in
            guard var text = json.string?[...] else { return nil }
            if text.first == "/" { text.removeFirst() }
            if text.last == "/" { text.removeLast() }
            guard !text.isEmpty else { return json.string == "/" ? "/" : nil }
            return isPath("/\(text)") ? "/\(text)/" : nil
        }
    }

    private static func isPath(_ text: String) -> Bool {
        guard text.utf8.count <= 200, text.hasPrefix("/") else { return false }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).allSatisfy { segment in
            !segment.isEmpty && segment != "." && !segment.contains("..")
                && segment.utf8.allSatisfy { URLParts.isLetterOrDigit($0) || "-._~".utf8.contains($0) }
        }
    }
}

extension SettingsRule where Value == Proxy {
    static var proxy: Self {
        // Not shown: the ways to write user and password wrongly cannot be told apart from the rest.
        SettingsRule(
            expected: "a socks5://, socks5h:// or http:// URL with host and port, such as socks5://127.0.0.1:1080",
            isSecret: true, read: { $0.string.flatMap { Proxy($0) } })
    }
}

extension SettingsRule where Value == Proxy? {
    /// The proxy of an account; `standard` stands for the word `default`.
    static func proxy(default standard: Proxy?) -> Self {
        let rule = SettingsRule<Proxy>.proxy.orNull
        return SettingsRule(expected: "\"default\", \(rule.expected)", isSecret: true) { json in
            json == .string("default") ? .some(standard) : rule.read(json)
        }
    }
}

extension SettingsRule where Value == [String] {
    /// Origins as browsers write them in `Origin`, or `*` for all.
    static var origins: Self {
        SettingsRule(
            expected: "an array of at most 100 origins such as \"https://app.example.org\", without a path",
            hint: { json in
                let written = json.string.map { [$0] } ?? json.array?.compactMap(\.string) ?? []
                let isSlip = json.string != nil || written.contains { Self.origin($0) == nil }
                let meant = written.compactMap(Self.nearest)
                guard isSlip, !meant.isEmpty, meant.count == written.count else { return nil }
                return "did you mean \(JSON.array(meant.map { JSON($0) }).text)?"
            },
            read: { json in
                guard let elements = json.array, elements.count <= 100 else { return nil }
                let origins = elements.compactMap { $0.string.flatMap(Self.origin) }
                return origins.count == elements.count ? origins : nil
            })
    }

    /// Scheme, host and port in small letters, without the port that the scheme has anyway.
    private static func origin(_ text: String) -> String? {
        if text == "*" { return text }
        guard let parts = URLParts(text), parts.path.isEmpty, parts.userInfo == nil, !parts.hasQueryOrFragment
        else { return nil }
        let isUsual = (parts.scheme, parts.port) == ("http", 80) || (parts.scheme, parts.port) == ("https", 443)
        let port = isUsual ? nil : parts.port
        return "\(parts.scheme)://\(parts.host.lowercased())\(port.map { ":\($0)" } ?? "")"
    }

    /// The origin of a whole URL, or of a name without a scheme.
    private static func nearest(_ text: String) -> String? {
        if let origin = origin(text) { return origin }
        guard let parts = URLParts(text.contains("://") ? text : "https://\(text)") else { return nil }
        return origin("\(parts.scheme)://\(parts.host)\(parts.port.map { ":\($0)" } ?? "")")
    }
}
