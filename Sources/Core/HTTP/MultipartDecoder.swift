/// Decodes `multipart/form-data` (RFC 7578) as browsers send it for forms.
package enum MultipartDecoder {
    /// The fields in their order.
    ///
    /// A part with a file name is a field like any other.
    ///
    /// - Parameter contentType: The request's `Content-Type` value, which names the boundary.
    /// - Throws: ``GatewayError/Code/malformedRequest``.
    package static func decode(
        _ body: [UInt8], contentType: String
    ) throws(GatewayError) -> [(name: String, value: String)] {
        guard let boundary = HeaderParameters.value(of: "boundary", in: contentType),
            (1...70).contains(boundary.utf8.count)
        else { throw malformed("it names no boundary") }
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter may stand at the very start, without a line end before it.
        var rest = ([0x0D, 0x0A] + body)[...]
        guard let first = rest.firstRange(of: delimiter) else { throw malformed("its boundary does not occur") }
        rest = rest[first.upperBound...]
        var fields: [(name: String, value: String)] = []
        while !rest.starts(with: Array("--".utf8)) {
            guard fields.count < 1000 else { throw malformed("it has more than 1000 parts") }
            guard let lineEnd = rest.firstRange(of: [0x0D, 0x0A]),
                rest[..<lineEnd.lowerBound].allSatisfy({ $0 == 0x20 || $0 == 0x09 }),
                let next = rest.firstRange(of: delimiter)
            else { throw malformed("a part has no end") }
            fields.append(try part(rest[lineEnd.lowerBound..<next.lowerBound]))
            rest = rest[next.upperBound...]
        }
        return fields
    }

    /// One part from the line end after its delimiter to the next delimiter.
    private static func part(_ bytes: ArraySlice<UInt8>) throws(GatewayError) -> (name: String, value: String) {
        guard let blank = bytes.firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A]) else { throw malformed("a part has no body") }
        let head = String(decoding: bytes[..<blank.lowerBound], as: UTF8.self)
        for line in head.split(separator: "\r\n") {
            let halves = line.split(separator: ":", maxSplits: 1)
            guard halves.count == 2, halves[0].lowercased() == "content-disposition",
                let name = HeaderParameters.value(of: "name", in: String(halves[1]))
            else { continue }
            guard let value = String(validating: bytes[blank.upperBound...], as: UTF8.self) else {
                throw malformed("a field is not UTF-8")
            }
            return (name, value)
        }
        throw malformed("a part has no name")
    }

    private static func malformed(_ reason: String) -> GatewayError {
        GatewayError(.malformedRequest, "The multipart form is not valid: \(reason).")
    }
}

/// The parameters after the first word of a header field's value, as in `form-data; name="prompt"`.
enum HeaderParameters {
    /// The value of `parameter`, without its quotes; nil if it is not there.
    static func value(of parameter: String, in header: String) -> String? {
        var rest = Substring(header)
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...].drop { $0 == " " || $0 == "\t" }
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let name = rest[..<equals].lowercased()
            rest = rest[rest.index(after: equals)...]
            let value: String
            if rest.first == "\"" {
                rest = rest.dropFirst()
                guard let quote = rest.firstIndex(of: "\"") else { return nil }
                value = String(rest[..<quote])
                rest = rest[quote...]
            } else {
                value = String(rest.prefix { $0 != ";" && $0 != " " })
            }
            if name == parameter { return value }
        }
        return nil
    }
}
