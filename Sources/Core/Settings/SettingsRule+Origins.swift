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
