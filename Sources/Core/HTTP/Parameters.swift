import HTTPTypes

/// The parameters of a request, from wherever it may carry them: query, form post or JSON object.
package struct Parameters: Sendable {
    private enum Value {
        /// From a query or a form.
        case text(String)
        case json(JSON)
    }

    /// The fields of query and form in their order.
    private var fields: [(name: String, value: String)] = []
    /// The members of the body's JSON object, where there was one; each is read when it is asked for.
    package private(set) var body: [JSONText.Member]?

    package init() {}

    /// Reads the query and, unless the method has none, the body.
    ///
    /// - Throws: ``GatewayError`` for broken syntax (400) or an unknown content type (415).
    package init(of request: Request) throws(GatewayError) {
        fields = try Self.fields(request.query.utf8)
        guard !request.body.isEmpty, request.method != .get, request.method != .head else { return }
        let contentType = request.headers[.contentType] ?? ""
        switch contentType == "application/json" ? contentType : Self.type(of: contentType) {
        case "application/x-www-form-urlencoded":
            guard !Self.looksLikeJSON(request.body) else { throw Self.isNamed(contentType) }
            fields += try Self.fields(request.body)
        case "multipart/form-data":
            fields += try MultipartDecoder.decode(request.body, contentType: contentType)
        case let type where type == "application/json" || type.hasSuffix("+json"):
            body = try Self.members(of: request.body, limits: request.isOpenAI ? .openAI : .caller)
        default:
            guard !Self.looksLikeJSON(request.body) else { throw Self.isNamed(contentType) }
            throw GatewayError(
                .unsupportedMediaType,
                "The body must be application/json, application/x-www-form-urlencoded or multipart/form-data.")
        }
    }

    private static func type(of contentType: String) -> String {
        contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    }

    /// Whether a body begins as a JSON object or array does, which no form with parameters of ours does.
    private static func looksLikeJSON(_ body: [UInt8]) -> Bool {
        let first = body.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    /// JSON under another name, which curl and others give it unasked; read as a form it would have no parameters.
    private static func isNamed(_ contentType: String) -> GatewayError {
        let known = "application/x-www-form-urlencoded"
        let name = contentType.isEmpty ? "no Content-Type" : "another Content-Type"
        let found = contentType.lowercased().hasPrefix(known) ? "the Content-Type \(known)" : name
        return GatewayError(
            .unsupportedMediaType,
            "The body is JSON, but the request has \(found). Send it with \"Content-Type: application/json\".")
    }

    private static func members(
        of bytes: [UInt8], limits: JSONReader.Limits
    ) throws(GatewayError) -> [JSONText.Member] {
        let text: JSONText
        do throws(JSONSyntaxError) { text = try JSONReader.text(bytes, limits: limits) } catch {
            throw GatewayError(.invalidJSON, "The JSON body is not valid at byte \(error.offset): \(error.reason).")
        }
        guard let members = text.members else {
            throw GatewayError(.invalidJSON, "The JSON body must be an object, not \(text.value.kind).")
        }
        return members
    }

    /// How often `name` was given.
    package func count(of name: String) -> Int {
        fields.count { Self.isSame($0.name, name) } + (body?.count { Self.isSame($0.name, name) } ?? 0)
    }

    /// The value of `name` that was given last.
    private func last(_ name: String) -> Value? {
        if let member = body?.last(where: { Self.isSame($0.name, name) }) { return .json(member.value.value) }
        return fields.last { Self.isSame($0.name, name) }.map { .text($0.value) }
    }

    /// The value of `name` that was given last, that of a query or a form as a string; nil if it is absent.
    package func json(_ name: String) -> JSON? {
        switch last(name) {
        case nil: nil
        case .text(let text): JSON(text)
        case .json(let json): json
        }
    }

    /// The original says `userid` in one place and `user_id` in the others.
    private static func isSame(_ given: String, _ name: String) -> Bool {
        given == name || name == "user_id" && given == "userid"
    }

    /// The text of `name`; nil if it is absent, null or empty.
    ///
    /// Given several times, the last counts.
    ///
    /// - Parameter takesDigits: Whether a whole JSON number stands for its digits, as bots send their users' ids.
    /// - Throws: 422 for another JSON value that is not a string, 400 for a NUL in it.
    package func text(_ name: String, takesDigits: Bool = false) throws(GatewayError) -> String? {
        if takesDigits, case .json(.number(let digits))? = last(name), Self.isWhole(digits) { return digits }
        guard let value = try anyText(name), !value.isEmpty else { return nil }
        return value
    }

    /// Whether a JSON number is written as an integer; `1e3`, `1.0` and `-0` have another spelling, so are no id.
    private static func isWhole(_ number: String) -> Bool {
        number != "-0" && number.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }
    }

    /// Like ``text(_:)``, but an empty text is a value.
    package func anyText(_ name: String) throws(GatewayError) -> String? {
        switch last(name) {
        case nil, .json(.null): return nil
        case .text(let text), .json(.string(let text)):
            guard !text.utf8.contains(0) else {
                throw GatewayError(
                    .malformedRequest, "The parameter \(name) holds a NUL character.", parameter: name)
            }
            return text
        case .json: throw .invalid(name, "a string")
        }
    }

    /// The JSON value of `name`, which in a query or a form is written out; nil if it is absent, null or empty.
    package func writtenJSON(_ name: String) throws(GatewayError) -> JSON? {
        switch last(name) {
        case nil, .json(.null), .text(""): return nil
        case .json(let value): return value
        case .text(let text):
            do throws(JSONSyntaxError) { return try JSONReader.read(Array(text.utf8), limits: .caller) } catch {
                throw .invalid(name, "a JSON value")
            }
        }
    }

    /// An id in the alphabet of ``Identifier``, or a whole JSON number; nil if it is absent or empty.
    package func identifier(_ name: String) throws(GatewayError) -> String? {
        guard let text = try text(name, takesDigits: true) else { return nil }
        guard Identifier.isValid(text) else { throw .invalid(name, Identifier.rule) }
        return text
    }

    /// A caller's own name of a conversation, or a whole JSON number; nil if it is absent or empty.
    package func conversationKey() throws(GatewayError) -> String? {
        let name = "conversation_key"
        guard let text = try text(name, takesDigits: true) else { return nil }
        guard text.utf8.count <= 128,
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw .invalid(name, "1 to 128 bytes without control characters") }
        guard try self.text("conversation_id", takesDigits: true) == nil else {
            throw GatewayError(
                .invalidParameter, "Name a conversation by conversation_id or by conversation_key, not by both.",
                parameter: name)
        }
        return text
    }

    /// A boolean or the words `true` and `false`, also as Python writes them; nil if it is absent or empty.
    package func bool(_ name: String) throws(GatewayError) -> Bool? {
        switch last(name) {
        case nil, .json(.null), .text(""): return nil
        case .json(.bool(let value)): return value
        case .text("true"), .json(.string("true")), .text("True"), .json(.string("True")): return true
        case .text("false"), .json(.string("false")), .text("False"), .json(.string("False")): return false
        default: throw .invalid(name, "true or false")
        }
    }

    /// A whole number in `range`; nil if it is absent or empty.
    package func int(_ name: String, in range: ClosedRange<Int>) throws(GatewayError) -> Int? {
        let number: Int?
        switch last(name) {
        case nil, .json(.null), .text(""): return nil
        case .json(let value): number = value.int ?? value.string.flatMap { Int($0) }
        case .text(let text): number = Int(text)
        }
        guard let number, range.contains(number) else {
            throw .invalid(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Which accounts may be used: `false` (the default), `true` or `any`.
    package func pool(_ name: String = "plus") throws(GatewayError) -> AccountPool.Kind {
        switch last(name) {
        case .text("any"), .json(.string("any")): return .any
        default: break
        }
        do throws(GatewayError) { return try bool(name) == true ? .plus : .free } catch {
            throw .invalid(name, "true, false or any")
        }
    }
}

extension Parameters {
    /// The fields of a form or a query string.
    package static func fields(
        _ form: some Collection<UInt8>
    ) throws(GatewayError) -> [(name: String, value: String)] {
        do throws(FormDecoder.Malformed) { return try FormDecoder.decode(form) } catch {
            throw GatewayError(.malformedRequest, error.message)
        }
    }
}
