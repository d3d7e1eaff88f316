/// Checks that no line of the audit log was changed, put in or taken out.
package struct AuditChain {
    package struct Break: Sendable, Equatable {
        /// Counted from 1.
        package var line: Int
        package var reason: String
    }

    /// - Parameter bytes: The whole file.
    /// - Returns: The number of lines, and the first that does not fit.
    package static func verify(_ bytes: [UInt8]) -> (lines: Int, break: Break?) {
        var count = 0
        var previous = ""
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            count += 1
            let raw = rest[rest.startIndex...end]
            guard let line = ChecksummedLine.decode(raw.dropLast()) else {
                return (count, Break(line: count, reason: "the checksum does not fit"))
            }
            guard line["number"]?.int == count else {
                return (count, Break(line: count, reason: "the number does not follow"))
            }
            guard line["previous"]?.string == previous else {
                return (count, Break(line: count, reason: "it does not name the line before"))
            }
            previous = Hex.sha256(Array(raw))
            rest = rest[(end + 1)...]
        }
        return (count, rest.isEmpty ? nil : Break(line: count + 1, reason: "the line has no end"))
    }
}
