/// A text that is safe at its place in nginx's configuration; only the checks below make one.
///
/// nginx knows no escape for `$` and reads `;`, braces and quotes even where a person meant a name, so such
/// characters are refused instead of quoted.
struct NginxValue: Sendable, Equatable {
    let text: String

    private init(unchecked text: String) {
        self.text = text
    }

    /// An origin in double quotes: scheme, host and port.
    static func origin(_ value: String, named name: String) throws -> Self {
        guard !value.isEmpty, value.utf8.allSatisfy({ isNameByte($0) || ":/[]+".utf8.contains($0) }) else {
            throw refuse(name, value, "an origin such as https://app.example.org")
        }
        return Self(unchecked: "\"\(value)\"")
    }

    /// A number that must be positive; nginx takes 0 for "no limit".
    static func number(_ value: Int, named name: String) throws -> Self {
        guard value > 0 else { throw refuse(name, "\(value)", "a number above 0") }
        return Self(unchecked: "\(value)")
    }

    /// An absolute path in double quotes; `before` and `after` are joined to it inside of the quotes.
    static func path(
        _ value: String, named name: String, before: StaticString = "", after: StaticString = ""
    ) throws -> Self {
        let expected = "an absolute path without control characters, quotes, backslashes, \";\", \"{\", \"}\" or \"$\""
        guard value.utf8.first == UInt8(ascii: "/"), value.utf8.allSatisfy(isPlain) else {
            throw refuse(name, value, expected)
        }
        return Self(unchecked: "\"\(before)\(value)\(after)\"")
    }

    /// The address of a unix socket; nginx ends its path at a colon, the kernel after 107 bytes (unix(7)).
    static func socket(_ value: String, named name: String) throws -> Self {
        guard !value.utf8.contains(UInt8(ascii: ":")), value.utf8.count <= 107 else {
            throw refuse(name, value, "a path of at most 107 bytes without a colon")
        }
        return try path(value, named: name, before: "unix:")
    }

    /// An absolute path of a URL: segments of letters, digits, `.`, `_`, `~` and `-`.
    static func urlPath(_ value: String, named name: String) throws -> Self {
        let segments = value.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let inner = segments.dropFirst()
        let isWhole = inner.dropLast().allSatisfy { !$0.isEmpty }
        guard segments.first?.isEmpty == true, !inner.isEmpty, isWhole,
            inner.allSatisfy({ $0.allSatisfy(isURLByte) && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
            )
        else {
            throw refuse(name, value, "a path like /a/b of letters, digits, \".\", \"_\", \"~\" and \"-\"")
        }
        return Self(unchecked: value)
    }

    /// `path` as a part of a regular expression that matches just this text.
    static func pattern(ofURLPath path: NginxValue) -> Self {
        Self(unchecked: path.text.replacing(".", with: "\\."))
    }

    /// An address and a port as `listen` wants them.
    static func listen(host: String, port: Int) throws -> Self {
        guard (1...65535).contains(port) else { throw refuse("port", "\(port)", "a number from 1 to 65535") }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let host = isBracketed ? String(host.dropFirst().dropLast()) : host
        if isBracketed || host.utf8.contains(UInt8(ascii: ":")) {
            guard host.utf8.allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) else {
                throw refuse("host", host, "an IPv6 address without a zone")
            }
            return Self(unchecked: "[\(host)]:\(port)")
        }
        return Self(unchecked: "\(host == "*" ? "*" : try name(host, named: "host").text):\(port)")
    }

    /// A name of a host, a user or a file: letters, digits, `.`, `_` and `-`.
    static func name(_ value: String, named name: String) throws -> Self {
        guard !value.isEmpty, value.utf8.first != UInt8(ascii: "-"), value.utf8.allSatisfy({ isNameByte($0) }) else {
            throw refuse(name, value, "letters, digits, \".\", \"_\" and \"-\"")
        }
        return Self(unchecked: value)
    }

    /// A sentence or a type of our own, which the template puts into quotes where it needs them.
    static func literal(_ value: StaticString) -> Self {
        Self(unchecked: "\(value)")
    }

    private static func refuse(_ name: String, _ value: String, _ expected: String) -> NginxConfigurationError {
        .value(name: name, value: value, expected: expected)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7f && !"\"'\\;{}$".utf8.contains(byte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isURLByte(byte) && byte != UInt8(ascii: "~")
    }

    private static func isURLByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._~-".utf8.contains(byte)
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        "0123456789abcdefABCDEF".utf8.contains(byte)
    }
}
