extension Parameters {
    /// An array of strings, or strings with commas between them; nil if it is absent, empty if it is null or empty.
    package func strings(_ name: String, atMost most: Int = 100) throws(GatewayError) -> [String]? {
        guard let json = json(name) else { return nil }
        let strings: [String]?
        switch json {
        case .null: strings = []
        case .string(let text): strings = text.split(separator: ",").map { Self.trimmed($0) }.filter { !$0.isEmpty }
        default: strings = json.strings
        }
        guard let strings, strings.count <= most, strings.allSatisfy({ Group.line($0) != nil }) else {
            throw .invalid(name, "an array of at most \(most) strings of 1 to 256 bytes on one line")
        }
        return strings
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    /// A moment; nil if it is absent, null or empty.
    package func timestamp(_ name: String) throws(GatewayError) -> Timestamp? {
        guard let text = try text(name) else { return nil }
        guard let time = Timestamp(rfc3339: text) else { throw .invalid(name, "a time such as 2027-09-30T22:00:00Z") }
        return time
    }

    /// Limits as an object, or in forms each kind by itself as `limit_<kind>`; nil if nothing of that is there.
    package func limits(_ name: String = "limits") throws(GatewayError) -> Limits? {
        switch json(name) {
        case nil: break
        case .null?, .string("")?: return Limits()
        case let json?:
            do throws(Limits.Problem) { return try Limits(json: json) } catch {
                throw .invalid(error.kind.map { "\(name).\($0)" } ?? name, error.expected)
            }
        }
        var limits: Limits?
        for kind in Limits.Kind.allCases {
            let field = "limit_\(kind.rawValue)"
            guard let json = json(field) else { continue }
            let value = json.string.map { (try? JSONReader.read($0, limits: .caller)) ?? json } ?? json
            do throws(Limits.Problem) {
                limits = limits ?? Limits()
                if json != JSON("") { limits?[kind] = try Limits.bound(value, of: kind) }
            } catch { throw .invalid(field, error.expected) }
        }
        return limits
    }
}
