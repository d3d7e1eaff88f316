import Crypto

/// One set of upstream credentials and how it is reached.
///
/// Accounts come from the settings; one more is made for a request that brings an access token of its own.
package final class Account: Sendable, Identifiable {
    package let id: ID
    package let kind: Kind
    /// Whether it belongs to the plus pool.
    package let isPlus: Bool
    /// The proxy to use, with the default already applied; nil is a direct connection.
    package let proxy: Proxy?
    /// How many turns may run at once over all workers; nil is unlimited.
    package let maxConcurrent: Int?
    /// The models it offers, empty where the upstream is to be asked.
    package let models: [String]
    /// The model that names a conversation; nil is the model of the turn.
    package let titleModel: String?
    /// Whether a caller brought it for one request: nothing of it is remembered.
    package let isEphemeral: Bool
    /// Lower-case hexadecimal SHA-256 over everything whose change may cure a disabled account.
    ///
    /// That is its kind, its URLs, its credentials and its proxy. The digest does not contain them, but a weak
    /// password could be guessed from it, so it belongs into private files only.
    package let fingerprint: String

    /// Makes an account and computes its fingerprint.
    ///
    /// - Parameters:
    ///   - maxConcurrent: Ignored for kind `chatgpt`, whose backend takes one message at a time.
    ///   - sharedURLs: URLs outside of `kind` that the account depends on, in a fixed order.
    package init(
        id: ID, kind: Kind, isPlus: Bool = false, proxy: Proxy? = nil, maxConcurrent: Int? = nil,
        models: [String] = [], titleModel: String? = nil, sharedURLs: [String] = [], isEphemeral: Bool = false
    ) {
        self.id = id
        self.kind = kind
        self.isPlus = isPlus
        self.proxy = proxy
        self.models = models
        self.titleModel = titleModel
        self.isEphemeral = isEphemeral
        switch kind {
        case .openAI: self.maxConcurrent = maxConcurrent
        case .chatGPT: self.maxConcurrent = 1
        }
        fingerprint = Self.digest(kind.fields + [proxy?.url] + sharedURLs)
    }

    /// The digest of `fields`, each with its length before it so that no two lists read the same.
    private static func digest(_ fields: [String?]) -> String {
        var hash = SHA256()
        for field in fields {
            hash.update(data: Array((field.map { "\($0.utf8.count):\($0)" } ?? "-").utf8))
        }
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0\(digits)" : digits
        }.joined()
    }
}

extension Account: Equatable {
    package static func == (one: Account, other: Account) -> Bool {
        one.id == other.id && one.kind == other.kind && one.isPlus == other.isPlus && one.proxy == other.proxy
            && one.maxConcurrent == other.maxConcurrent && one.models == other.models
            && one.titleModel == other.titleModel && one.isEphemeral == other.isEphemeral
            && one.fingerprint == other.fingerprint
    }
}

extension Account {
    /// The name of an account in files, logs and commands; it never reaches a caller.
    package struct ID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        package let rawValue: String
        /// Names its files.
        let digest: String

        package init(rawValue: String) {
            self.rawValue = rawValue
            digest = Hex.sha256(rawValue)
        }

        package static func == (one: ID, other: ID) -> Bool { one.rawValue == other.rawValue }

        package func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }

        package var description: String { rawValue }

        /// Whether `text` may be an id: 1 to 128 of the characters `A-Za-z0-9_.:@-`.
        package static func isValid(_ text: String) -> Bool {
            (1...128).contains(text.utf8.count) && text.utf8.allSatisfy(isIDByte)
        }

        static func isIDByte(_ byte: UInt8) -> Bool {
            URLParts.isLetterOrDigit(byte) || "_.:@-".utf8.contains(byte)
        }
    }

    /// The protocol of its upstream with the credentials for it.
    package enum Kind: Sendable, Equatable {
        case openAI(OpenAI)
        case chatGPT(ChatGPT)

        /// Everything in it that takes part in the fingerprint, always as many fields.
        fileprivate var fields: [String?] {
            switch self {
            case .openAI(let account): ["openai", account.baseURL, account.apiKey?.value]
            case .chatGPT(let account):
                [
                    "chatgpt", account.email, account.password?.value, account.accessToken?.value,
                    account.sessionToken?.value, account.refreshToken?.value,
                ]
            }
        }
    }

    /// Any HTTP API that is compatible with OpenAI's.
    package struct OpenAI: Sendable, Equatable {
        /// Without a slash at its end; paths such as `/chat/completions` are appended.
        package let baseURL: String
        /// Of the base URL, in lower case.
        package let host: String
        /// Nil where the upstream asks for none.
        package var apiKey: Secret?
        package var userField: UserField
        /// Whether a caller's `prompt_cache_key` is sent as it is, so that users share what the upstream keeps under it.
        package var sharesCacheKeys: Bool

        /// - Parameter userField: Nil takes what is usual at the host.
        package init(
            baseURL: String, apiKey: Secret? = nil, userField: UserField? = nil, sharesCacheKeys: Bool = false
        ) {
            self.baseURL = baseURL
            host = URLParts(baseURL)?.host.lowercased() ?? baseURL
            self.apiKey = apiKey
            self.userField = userField ?? .standard(at: host)
            self.sharesCacheKeys = sharesCacheKeys
        }
    }

    /// The ChatGPT web backend: e-mail and password, or one of the tokens.
    package struct ChatGPT: Sendable, Equatable {
        package var email: String?
        package var password: Secret?
        package var accessToken: Secret?
        package var sessionToken: Secret?
        package var refreshToken: Secret?

        package init(
            email: String? = nil, password: Secret? = nil, accessToken: Secret? = nil, sessionToken: Secret? = nil,
            refreshToken: Secret? = nil
        ) {
            self.email = email
            self.password = password
            self.accessToken = accessToken
            self.sessionToken = sessionToken
            self.refreshToken = refreshToken
        }
    }
}
