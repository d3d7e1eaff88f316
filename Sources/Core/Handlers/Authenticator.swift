import HTTPTypes

/// Finds out who is calling, and for whom.
package struct Authenticator: Sendable {
    let store: any Store
    private let uses: KeyUses

    package init(store: any Store) {
        self.store = store
        uses = KeyUses(store: store)
    }

    /// The principal of `call`, from `Authorization: Bearer`, `X-Api-Key`, `Api-Key`, `admin`, `client`, `user` or a
    /// page's `api_key`; of the OpenAI API from the header fields alone.
    ///
    /// - Throws: ``GatewayError/invalidKey`` for a missing, mistyped, unknown or revoked key, one same answer;
    ///   `keyExpired` and `keyNotYetValid` to those who have the key; `conflictingKeys` for two keys of one role;
    ///   `notAllowed` for a key in another role's parameter.
    package func principal(of call: Call) async throws -> Principal {
        let presented = try presentedKeys(in: call)
        let found = try await store.caller(presented.map(\.key.digest), acting: nil)
        var holders: [User.Role: Caller.Holder] = [:]
        var keys: [User.Role: APIKey] = [:]
        for (presented, holder) in zip(presented, found.holders) {
            guard let holder else { throw GatewayError.invalidKey }
            let role = holder.user.role
            if let named = presented.role {
                try check(role, presentedAs: named, in: call)
                holders[named] = holder
                keys[named] = presented.key
            } else {
                guard keys[role] == nil || keys[role] == presented.key else { throw Self.conflict }
                holders[role] = holder
                keys[role] = presented.key
            }
        }
        guard let caller = holders[.admin] ?? holders[.client] ?? holders[.user] else { throw GatewayError.invalidKey }
        let named = caller.user.role == .user ? nil : holders[.user]
        if let refusal = caller.standing.refusal ?? named?.standing.refusal { throw refusal }
        let present = [caller, named].compactMap { $0 }
        for holder in present { uses.note(holder.key.id) }
        return Principal(
            caller: caller.user, named: named?.user, key: keys[caller.user.role], keys: present.map(\.key),
            groups: caller.groups)
    }

    /// A key in the parameter of a role must be of that role; in `user` any may stand, if nothing else names the user.
    private func check(_ role: User.Role, presentedAs named: User.Role, in call: Call) throws(GatewayError) {
        guard named == .user || role == named else {
            throw GatewayError(
                .notAllowed, "The key in \(named.rawValue) is not a key of that role.", parameter: named.rawValue)
        }
        guard role == .user || named != .user || call.parameters.count(of: "user_id") == 0 else {
            throw GatewayError(
                .conflictingKeys,
                "The key in user is not a key of a user, so user_id cannot stand beside it. Send the key in "
                    + "\(role.rawValue).", parameter: "user")
        }
    }

    /// Whose turn it is where callers take turns before it is known what they want: the holder of the key in the header
    /// fields, else the address.
    package func turnTaker(of request: Request) async -> String {
        guard let key = (try? fieldText(of: request)).flatMap({ $0 }).flatMap(APIKey.init),
            let holder = (try? await store.caller([key.digest], acting: nil))?.holders.first.flatMap({ $0 })
        else { return request.remoteAddress }
        return holder.user.id.digest
    }

    /// All keys of the call, those in roles' parameters first.
    private func presentedKeys(in call: Call) throws -> [(role: User.Role?, key: APIKey)] {
        var texts: [(role: User.Role?, text: String?)] = []
        if call.kind != .openAI {
            texts += try User.Role.allCases.map { ($0, try presented($0.rawValue, in: call)) }
        }
        texts.append((nil, try fieldText(of: call.request)))
        if call.kind != .openAI { texts.append((nil, try presented("api_key", in: call))) }
        return try texts.compactMap { role, text in
            guard let text else { return nil }
            guard let key = APIKey(text) else { throw GatewayError.invalidKey }
            return (role, key)
        }
    }

    /// The one key in the parameter `name`; an empty one is a wrong one.
    private func presented(_ name: String, in call: Call) throws -> String? {
        switch call.parameters.count(of: name) {
        case 0: return nil
        case 1: break
        default: throw Self.conflict
        }
        return try call.parameters.anyText(name)
    }

    /// The key in the header fields: `Authorization`, or `X-Api-Key` and `Api-Key` as Anthropic's and Azure's clients
    /// have it.
    ///
    /// - Throws: `conflictingKeys` where two of them differ.
    private func fieldText(of request: Request) throws -> String? {
        let others = HTTPField.Name.apiKeys.flatMap { request.headers[values: $0] }
        let texts = try [bearerText(of: request)].compactMap { $0 } + others
        guard texts.allSatisfy({ $0 == texts.first }) else { throw Self.conflict }
        return texts.first
    }

    private func bearerText(of request: Request) throws -> String? {
        guard let value = request.headers[.authorization] else { return nil }
        let words = value.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: true)
        guard words.count == 2, words[0].count == 6, words[0].elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 })
        else { throw GatewayError.invalidKey }
        return String(words[1])
    }

    private static let conflict = GatewayError(
        .conflictingKeys, "Two keys for the same role were sent. Send one.")
}
