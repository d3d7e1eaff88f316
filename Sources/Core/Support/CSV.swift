/// Comma-separated values as RFC 4180 has them, one record a call, for spreadsheets.
package enum CSV {
    /// A record with its line end.
    ///
    /// A cell that a spreadsheet would take for a formula begins with an apostrophe, which makes it text.
    package static func record(_ cells: [String]) -> [UInt8] {
        var line: [UInt8] = []
        for (place, cell) in cells.enumerated() {
            if place > 0 { line.append(UInt8(ascii: ",")) }
            add(cell, to: &line)
        }
        return line + [0x0D, 0x0A]
    }

    private static func add(_ cell: String, to line: inout [UInt8]) {
        let isFormula = cell.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
        guard isFormula || cell.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else {
            line += cell.utf8
            return
        }
        line.append(UInt8(ascii: "\""))
        if isFormula { line.append(UInt8(ascii: "'")) }
        for byte in cell.utf8 {
            if byte == UInt8(ascii: "\"") { line.append(byte) }
            line.append(byte)
        }
        line.append(UInt8(ascii: "\""))
    }
}
