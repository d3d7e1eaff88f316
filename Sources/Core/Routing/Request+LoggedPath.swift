extension Request {
    /// The beginning of the path that may stand in a log.
    ///
    /// Callers confuse themselves: keys and passwords arrive in paths ("/sk-cas-…", "/api/chat%3Fuser=…"). So it ends
    /// at the first byte that a path of ours does not have, and a path with a key is left out, as in nginx's log.
    var loggedPath: String {
        guard path.utf8.firstRange(of: APIKey.prefix) == nil else { return "" }
        return String(decoding: path.utf8.prefix(while: Self.isPlain), as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/_.:@~+-".utf8.contains(byte)
        }
    }
}
