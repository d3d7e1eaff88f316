/// The paths of the API's endpoints, before the base path: `api_server.endpoints.api`.
package struct APIPaths: Sendable, Equatable {
    package var chat = "/api/chat"
    package var recall = "/api/recall"
    package var accessToken = "/api/access-token"
    package var addUser = "/api/client/add-user"
    package var removeConversation = "/api/remove-conversation"
    package var removeUser = "/api/client/remove-user"
    package var users = "/api/client/users"
    package var rotateKey = "/api/client/rotate-key"
    package var updateUser = "/api/client/update-user"

    package init() {}

    /// Whether `path` belongs to the OpenAI API, whose paths are not the operator's to choose.
    package static func isOpenAI(_ path: String) -> Bool { path == "/v1" || path.hasPrefix("/v1/") }
}
