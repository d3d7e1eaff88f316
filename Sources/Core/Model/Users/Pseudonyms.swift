import Crypto
import Synchronization

/// Names users to upstreams without saying who they are, and to each host by other names.
///
/// A name is `u-` and 32 hexadecimal digits of an HMAC with a key that only this installation has: whoever guesses who
/// a user is cannot check it, and two upstreams cannot join what they know.
package final class Pseudonyms: Sendable {
    /// In bytes.
    package static let keySize = 32
    /// Beyond so many all are forgotten; one takes about 200 bytes.
    private static let mostKept = 4096

    private struct Place: Hashable {
        let user: String
        let host: String
    }

    private let key: SymmetricKey
    private let kept = Mutex<[Place: String]>([:])

    package init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    /// - Parameters:
    ///   - user: The digest of the user's archive.
    ///   - host: Of the account's base URL, in lower case.
    package func name(of user: String, at host: String) -> String {
        let place = Place(user: user, host: host)
        if let name = kept.withLock({ $0[place] }) { return name }
        let name = compute(of: user, at: host)
        kept.withLock { kept in
            if kept.count >= Self.mostKept { kept.removeAll(keepingCapacity: true) }
            kept[place] = name
        }
        return name
    }

    /// The same for one of many who are only tried.
    package func compute(of user: String, at host: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(host)\0\(user)".utf8), using: key)
        return "u-" + Hex.encode(Array(code.prefix(16)))
    }

    /// Whether `text` looks like one.
    package static func isName(_ text: String) -> Bool {
        text.utf8.count == 34 && text.hasPrefix("u-")
            && text.utf8.dropFirst(2).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
