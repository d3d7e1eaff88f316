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

    /// Limits as an object, which a form writes out; nil if it is absent, null or empty.
    package func limitsObject(_ name: String) throws(GatewayError) -> Limits? {
        guard let json = try writtenJSON(name) else { return nil }
        do throws(Limits.Problem) { return try Limits(json: json) } catch {
            throw .invalid(error.kind.map { "\(name).\($0)" } ?? name, error.expected)
        }
    }

    /// The limits that a call sets; nil if it says nothing of them.
    ///
    /// `limits` takes the place of all that were set; `limit_<kind>` changes one kind, where `none` is no limit and
    /// `default` what others have.
    package func limits(changing present: Limits) throws(GatewayError) -> Limits? {
        var limits = try limitsObject("limits")
        for kind in Limits.Kind.allCases {
            let name = "limit_\(kind.rawValue)"
            var changed = limits ?? present
            switch json(name) {
            case nil, .null?, .string("")?: continue
            case .string("none")?: changed[kind] = Limits.Bound.none
            case .string("default")?: changed[kind] = nil
            case let json?:
                do throws(Limits.Problem) {
                    changed[kind] = try Limits.bound(json.string.map { .number($0) } ?? json, of: kind)
                } catch { throw .invalid(name, error.expected) }
            }
            limits = changed
        }
        return limits
    }
}
