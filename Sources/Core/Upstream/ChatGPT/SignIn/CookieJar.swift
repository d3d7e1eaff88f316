/// The cookies of one sign-in (RFC 6265), kept no longer than it takes.
///
/// Paths are not looked at: a sign-in visits few pages of two hosts, and each value was meant for its host.
struct CookieJar: Sendable {
    private struct Cookie: Sendable {
        var name: String
        var value: String
        var domain: String
        /// Whether the domain's subdomains get it, too.
        var isShared: Bool
    }

    private var cookies: [Cookie] = []

    /// Takes one `Set-Cookie` value that came from `host`.
    mutating func take(_ header: String, from host: String) {
        let parts = header.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
        guard let pair = parts.first, let equals = pair.firstIndex(of: "="), equals != pair.startIndex else { return }
        var cookie = Cookie(
            name: String(pair[..<equals]), value: String(pair[pair.index(after: equals)...]), domain: host,
            isShared: false)
        var isRemoval = cookie.value.isEmpty
        for part in parts.dropFirst() {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = halves.count == 2 ? String(halves[1]) : ""
            switch halves.first?.lowercased() {
            case "domain":
                let domain = (value.hasPrefix(".") ? String(value.dropFirst()) : value).lowercased()
                // A cookie for another's domain, or for all of `com`, is not taken.
                guard domain == host || (host.hasSuffix(".\(domain)") && domain.contains(".")) else { return }
                cookie.domain = domain
                cookie.isShared = true
            case "max-age": if let age = Int(value), age <= 0 { isRemoval = true }
            default: break
            }
        }
        cookies.removeAll { $0.name == cookie.name && $0.domain == cookie.domain }
        if !isRemoval { cookies.append(cookie) }
    }

    /// The value of the `Cookie` header for `host`; nil where there is nothing to send.
    func header(for host: String) -> String? {
        let matching = cookies.filter { $0.domain == host || ($0.isShared && host.hasSuffix(".\($0.domain)")) }
        return matching.isEmpty ? nil : matching.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")
    }

    /// The name, among those that begin with `prefix`, that was set last.
    func latestName(beginning prefix: String) -> String? { cookies.last { $0.name.hasPrefix(prefix) }?.name }

    func value(of name: String) -> String? { cookies.last { $0.name == name }?.value }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
