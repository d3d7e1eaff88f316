extension User {
    package static let usernameRule =
        "1 to 256 bytes without control characters, direction marks and invisible characters, and not blank"

    /// Whether `name` may be the name of somebody who is added or renamed; names of the version before stay readable.
    ///
    /// Invisible characters make two names look alike, and direction marks turn what follows around. The joiners
    /// (U+200C, U+200D) and the selectors of variants are left in, because scripts and emoji need them.
    package static func isValidUsername(_ name: String) -> Bool {
        (1...256).contains(name.utf8.count) && !name.unicodeScalars.contains(where: Text.isHidden)
            && name.unicodeScalars.contains {
                !$0.properties.isWhitespace && !$0.properties.isDefaultIgnorableCodePoint
            }
    }
}
