/// A proxy through which an account is reached, perhaps with a user and a password.
///
/// Printing and reflection show ``redacted``; only ``url`` has the credentials.
package struct Proxy: Sendable, Equatable {
    package enum Scheme: String, Sendable, CaseIterable {
        /// Host names are resolved here.
        case socks5
        /// Host names are resolved by the proxy.
        case socks5h
        case http
    }

    package let scheme: Scheme
    /// The whole URL without a slash at its end, as libcurl's `CURLOPT_PROXY` takes it.
    package let url: String
    /// The URL with `•••` in place of user and password.
    package let redacted: String
    package let hasCredentials: Bool

    /// Reads `scheme://[user[:password]@]host:port`; nil for everything else.
    package init?(_ text: String) {
        guard let parts = URLParts(text), let scheme = Scheme(rawValue: parts.scheme), let port = parts.port,
            parts.path.isEmpty || parts.path == "/", !parts.hasQueryOrFragment, parts.userInfo?.isEmpty != true
        else { return nil }
        let place = "\(parts.host):\(port)"
        self.scheme = scheme
        url = "\(parts.scheme)://\(parts.userInfo.map { "\($0)@" } ?? "")\(place)"
        redacted = "\(parts.scheme)://\(parts.userInfo == nil ? "" : "•••@")\(place)"
        hasCredentials = parts.userInfo != nil
    }
}

extension Proxy: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { redacted }
    package var debugDescription: String { redacted }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
