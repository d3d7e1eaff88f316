/// Steps on absolute http and https URLs (RFC 3986) that pages name.
enum WebAddress {
    /// Scheme, host and port in lower case: `https://auth0.openai.com`; nil for anything else than http and https.
    static func origin(of url: String) -> String? {
        guard let parts = URLParts(originOf: url), ["http", "https"].contains(parts.scheme) else { return nil }
        return "\(parts.scheme)://\(parts.authority)"
    }

    /// The host without port, in lower case.
    static func host(of url: String) -> String { URLParts(originOf: url)?.host.lowercased() ?? "" }

    /// What a `Location` means on the page `base`.
    static func resolve(_ location: String, against base: String) -> String? {
        let head = location.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if head.contains(":") { return location }
        guard let origin = origin(of: base), let scheme = origin.split(separator: ":").first else { return nil }
        if location.hasPrefix("//") { return "\(scheme):\(location)" }
        if location.hasPrefix("/") { return origin + location }
        let page = base.prefix { $0 != "?" && $0 != "#" }
        if location.hasPrefix("?") { return page + location }
        let start = page.index(page.startIndex, offsetBy: origin.count, limitedBy: page.endIndex) ?? page.endIndex
        guard let slash = page[start...].lastIndex(of: "/") else { return "\(origin)/\(location)" }
        return page[...slash] + location
    }

    /// A value of the query.
    static func query(_ name: String, of url: String) -> String? {
        guard let mark = url.firstIndex(of: "?") else { return nil }
        let query = url[url.index(after: mark)...].prefix { $0 != "#" }
        return (try? FormDecoder.decode(query.utf8))?.first { $0.name == name }?.value
    }

    /// The fields as `application/x-www-form-urlencoded`.
    static func form(_ fields: [(name: String, value: String)]) -> String {
        fields.map { "\(escaped($0.name))=\(escaped($0.value))" }.joined(separator: "&")
    }

    static func escaped(_ text: String) -> String {
        var output: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default: output += Array("%\(Hex.encode([byte]))".utf8)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
