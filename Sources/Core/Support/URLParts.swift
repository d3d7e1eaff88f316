import Glibc

/// The parts of an absolute URL with a host (RFC 3986), as far as settings need them.
///
/// Only visible ASCII is accepted, without the characters that RFC 3986 excludes, so that nothing in a
/// URL can end a line or a quotation in a place that repeats it.
struct URLParts: Equatable {
    /// In lower case.
    let scheme: String
    let userInfo: String?
    /// An IPv6 address stands in brackets.
    let host: String
    let port: Int?
    /// What follows host and port up to a query or fragment; empty or with a slash at its start.
    let path: String
    let hasQueryOrFragment: Bool

    init?(_ text: String) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy(Self.isURLByte), let colon = text.firstRange(of: "://")
        else { return nil }
        let rest = text[colon.upperBound...]
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let tailStart = rest.firstIndex { $0 == "?" || $0 == "#" } ?? rest.endIndex
        let authority = rest[..<authorityEnd]

        let at = authority.lastIndex(of: "@")
        let place = at.map { authority[authority.index(after: $0)...] } ?? authority
        let bracket = place.lastIndex(of: "]") ?? place.startIndex
        let portColon = place[bracket...].lastIndex(of: ":")
        if let portColon {
            guard let port = Self.port(place[place.index(after: portColon)...]) else { return nil }
            self.port = port
        } else {
            port = nil
        }
        host = String(place[..<(portColon ?? place.endIndex)])
        guard Self.isHost(host) else { return nil }

        scheme = text[..<colon.lowerBound].lowercased()
        userInfo = at.map { String(authority[..<$0]) }
        path = String(rest[authorityEnd..<tailStart])
        hasQueryOrFragment = tailStart < rest.endIndex
        guard !scheme.isEmpty, scheme.utf8.allSatisfy({ Self.isLetterOrDigit($0) || "+-.".utf8.contains($0) })
        else { return nil }
    }

    /// The parts of a URL up to its path, which may hold anything; nil where a user stands before the host.
    init?(originOf url: String) {
        guard let colon = url.firstRange(of: "://") else { return nil }
        let end = url[colon.upperBound...].firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? url.endIndex
        self.init(String(url[..<end]))
        guard userInfo == nil else { return nil }
    }

    /// Host and port as they are written, in lower case.
    var authority: String { host.lowercased() + (port.map { ":\($0)" } ?? "") }

    /// A port number without sign or leading zero, 1 to 65535.
    static func port(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "0"),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(text), port <= 65_535
        else { return nil }
        return port
    }

    /// A host name, an IPv4 address, or an IPv6 address in brackets.
    ///
    /// A name whose last label is a number is read as an IPv4 address by every resolver, so it must be one.
    static func isHost(_ text: String) -> Bool {
        if text.hasPrefix("["), text.hasSuffix("]") { return isIPv6(String(text.dropFirst().dropLast())) }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 253,
            labels.allSatisfy({ label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { isLetterOrDigit($0) || "-_".utf8.contains($0) }
            })
        else { return false }
        guard let last = labels.last, last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return true }
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    /// An IPv6 address without brackets and without a zone.
    static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    private static func isURLByte(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !#""<>\^`{|}"#.utf8.contains(byte)
    }
}
