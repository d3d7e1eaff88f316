/// The paths of the pages for browsers, before the base path: `api_server.endpoints.browser`.
package struct BrowserPaths: Sendable, Equatable {
    package var chat = "/chat"
    package var recall = "/recall"
    package var accessToken = "/access-token"
    package var addUser = "/admin/add-user"

    package init() {}
}
