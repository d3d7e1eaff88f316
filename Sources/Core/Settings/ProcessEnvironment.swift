@preconcurrency import Glibc

/// The environment variables of this process.
package enum ProcessEnvironment {
    /// All variables, as they are now; entries that are not UTF-8 are repaired.
    ///
    /// Nothing in this program changes them, so reading does not race.
    package static var current: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return variables
    }
}
