extension Request {
    /// The beginning of the path that may stand in a log; empty where a key or token seems to be in it.
    ///
    /// Callers confuse themselves: secrets arrive in paths ("/sk-cas-…", "/api/chat%3Fuser=…"). So it ends at the
    /// first byte that a path of ours does not have, and a path with a long row of letters and digits is left out.
    /// nginx's log has the same rules, see `http.conf.template`.
    var loggedPath: String {
        var row = 0
        for byte in path.utf8 {
            row = Self.isWordByte(byte) ? row + 1 : 0
            if row == Self.secretLength { return "" }
        }
        return String(decoding: path.utf8.prefix(while: Self.isPathByte), as: UTF8.self)
    }

    /// Keys of all kinds have more letters and digits in a row, and no path or model has as many.
    private static let secretLength = 32

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isPathByte(_ byte: UInt8) -> Bool { isWordByte(byte) || "/.:@~+-".utf8.contains(byte) }
}
