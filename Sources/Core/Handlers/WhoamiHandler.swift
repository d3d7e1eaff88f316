/// `/api/whoami`: whose key it is and what it may do, so that a page offers only what will work.
package struct WhoamiHandler: Sendable {
    let authenticator: Authenticator
    let settings: Settings

    package func respond(to call: Call) async throws -> Response {
        let principal = try call.principal
        let caller = principal.caller
        let rights = try await authenticator.asker(for: caller, in: call).rights
        let mayUsePlus = rights.hasPlus || caller.role == .admin
        return .json([
            "status": "success", "user_id": JSON(caller.id.userID), "username": JSON(caller.username),
            "role": JSON(caller.role.rawValue), "owner": JSON(caller.id.owner), "plus": JSON(rights.hasPlus),
            "models": .array(models(isPlusIncluded: mayUsePlus).filter(rights.models.contains).map { JSON($0) }),
            "groups": .array(principal.groups.map { ["id": JSON($0.id), "name": JSON($0.name)] }),
            "key": principal.keys.first.map(Self.key) ?? .null,
            "pools": mayUsePlus ? ["free", "plus", "any"] : ["free"],
            "access_tokens": JSON(isForAccessTokens),
            "language": JSON(settings.server.webUILanguage),
            "endpoints": endpoints,
        ])
    }

    private static func key(_ key: User.Key) -> JSON {
        [
            "id": JSON(key.id), "name": JSON(key.name), "scopes": key.scopeList,
            "expires_at": JSON(key.expiresAt?.rfc3339),
        ]
    }

    /// Whether access tokens of ChatGPT mean anything here: not where all accounts are of other services.
    private var isForAccessTokens: Bool {
        let accounts = settings.openAI.accounts
        return accounts.isEmpty || accounts.contains { if case .chatGPT = $0.kind { true } else { false } }
    }

    /// The models that the settings name; `/v1/models` also asks the upstreams.
    private func models(isPlusIncluded: Bool) -> [String] {
        var names: [String] = []
        for account in settings.openAI.accounts where isPlusIncluded || !account.isPlus {
            for model in account.models where !names.contains(model) { names.append(model) }
        }
        return names
    }

    /// The operator chooses the paths, so a page asks for them; without the base path.
    private var endpoints: JSON {
        let paths = settings.server.apiPaths
        return [
            "chat": JSON(paths.chat), "recall": JSON(paths.recall), "access_token": JSON(paths.accessToken),
            "add_user": JSON(paths.addUser), "remove_conversation": JSON(paths.removeConversation),
            "remove_user": JSON(paths.removeUser), "users": JSON(paths.users), "rotate_key": JSON(paths.rotateKey),
            "update_user": JSON(paths.updateUser),
        ]
    }
}
