/// Who asks, as the upstream of an account is told.
struct UpstreamIdentity {
    /// The longest `prompt_cache_key` that OpenAI takes, in bytes.
    private static let longestCacheKey = 64

    /// Nil where the gateway itself asks.
    let pseudonym: String?
    /// The members that hold it; no other of ``UserField/names`` goes out.
    let fields: [String]
    /// Whether all users share what the upstream keeps under a `prompt_cache_key`.
    let sharesCacheKeys: Bool

    init(pseudonym: String?, fields: [String] = [], sharesCacheKeys: Bool = false) {
        self.pseudonym = pseudonym
        self.fields = pseudonym == nil ? [] : fields
        self.sharesCacheKeys = sharesCacheKeys
    }

    /// - Parameter user: The digest of the user's archive.
    init(of user: String?, at account: Account, _ pseudonyms: Pseudonyms) {
        if case .openAI(let api) = account.kind {
            self.init(
                pseudonym: user.map { pseudonyms.name(of: $0, at: api.host) }, fields: api.userField.names,
                sharesCacheKeys: api.sharesCacheKeys)
        } else {
            self.init(pseudonym: nil)
        }
    }

    /// The members that name the user.
    var members: [(name: String, value: JSON)] { fields.map { ($0, JSON(pseudonym)) } }

    /// What goes out in place of a caller's `prompt_cache_key`, so that no user can learn from the time of an answer
    /// whether another sent the same prompt; nil leaves it.
    func cacheKey(_ key: JSONText) -> JSON? {
        guard !sharesCacheKeys, !key.isNull, let pseudonym else { return nil }
        let text = key.string ?? key.value.text
        let own = "\(pseudonym)-\(text)"
        guard own.utf8.count > Self.longestCacheKey else { return JSON(own) }
        return JSON("\(pseudonym)-\(Hex.sha256(text).prefix(Self.longestCacheKey - pseudonym.utf8.count - 1))")
    }
}
