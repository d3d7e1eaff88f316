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
