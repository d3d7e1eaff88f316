/// `/v1/models`: the models that the key may use.
package struct ModelsHandler: Sendable {
    let authenticator: Authenticator
    let dispatcher: Dispatcher

    package func list(_ call: Call) async throws -> Response {
        .json(["object": "list", "data": .array(try await models(for: call).map(Self.model))])
    }

    /// One of them, by the last part of the path.
    package func one(_ call: Call) async throws -> Response {
        let name = call.pathValue
        guard try await models(for: call).contains(name) else {
            throw GatewayError.modelNotFound
        }
        return .json(Self.model(name))
    }

    private func models(for call: Call) async throws -> [String] {
        let caller = try call.principal.caller
        let rights = try await authenticator.asker(for: caller, in: call).rights
        return await dispatcher.models(of: rights.hasPlus || caller.role == .admin ? .any : .free)
            .filter(rights.models.contains)
    }

    private static func model(_ name: String) -> JSON {
        ["id": JSON(name), "object": "model", "created": 0, "owned_by": "chatgpt-api-server"]
    }
}

/// The bound on the name of a model that a caller asks for.
enum ModelName {
    /// In bytes; the names that upstreams give are several times shorter.
    static let limit = 256

    static func check(_ name: String?) throws(GatewayError) {
        guard let name, name.utf8.count > limit else { return }
        throw GatewayError(
            .malformedRequest, "The parameter model must be at most \(limit) bytes.", parameter: "model")
    }
}
