import HTTPTypes

@testable import Core

/// CGI variables as nginx sends them, `NAME=value` with a NUL after each, the query among them, and from an empty one
/// on the body: what reaches a handler is within the rules.
@Sendable func fuzzCGI(_ input: [UInt8]) {
    var parameters = FCGIParameters()
    var rest = input[...]
    while let end = rest.firstIndex(of: 0), end > rest.startIndex {
        let halves = rest[..<end].split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        if halves.count == 2 {
            parameters.add(
                name: String(decoding: halves[0], as: UTF8.self), value: String(decoding: halves[1], as: UTF8.self))
        }
        rest = rest[(end + 1)...]
    }
    require(parameters.fields.count <= FCGIParameters.maxFields, "too many fields")
    var incoming = IncomingRequest(parameters)
    require((8...64).contains(incoming.request.id.utf8.count), "the id would not fit a log line")
    guard incoming.refusal == nil else {
        if let refusal = incoming.refusal { _ = Response.failure(refusal.error, to: incoming.request) }
        return
    }

    require(incoming.request.path.utf8.first == UInt8(ascii: "/"), "a path without its slash")
    require(incoming.request.path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character in a path")
    require(incoming.request.loggedPath.utf8.allSatisfy { (0x2B...0x7E).contains($0) }, "a log would be corrupt")
    require(incoming.declaredLength ?? 0 >= 0, "a negative length")
    incoming.request = incoming.request.with(body: Array(rest.dropFirst()))
    guard let values = try? Parameters(of: incoming.request) else { return }
    for name in ["user", "user_id", "limit", "plus", "prompt", "a"] {
        if let id = try? values.identifier(name) { require(Identifier.isValid(id), "no identifier: \(id)") }
        if let number = try? values.int(name, in: 1...100) { require((1...100).contains(number), "out of range") }
        if let text = try? values.text(name) { require(!text.isEmpty && !text.utf8.contains(0), "no text") }
        _ = try? values.bool(name)
        _ = try? values.pool(name)
    }
}
