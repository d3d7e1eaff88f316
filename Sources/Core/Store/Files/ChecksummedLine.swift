/// One line of an append-only file: a JSON object whose first member is the checksum of the rest of the line.
///
/// `{"crc":"89abcdef",…}` LF, where the CRC-32 is over the bytes after the comma that follows it. A line that
/// was torn by a crash or corrupt later is recognised and passed over, never half believed.
enum ChecksummedLine {
    private static let prefix = Array("{\"crc\":\"".utf8)
    /// How many bytes stand before the second member.
    static let frame = #"{"crc":"89abcdef","#.utf8.count

    static func encode(_ object: JSON) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(1024)
        line += prefix
        line += "00000000\"".utf8
        object.write(to: &line)
        // In the place of the object's bracket.
        line[frame - 1] = UInt8(ascii: ",")
        let checksum = CRC32.checksum(line[frame...])
        for place in 0..<8 {
            line[prefix.count + place] = Hex.digit(UInt8(truncatingIfNeeded: checksum >> (28 - 4 * place)) & 15)
        }
        line.append(0x0A)
        return line
    }

    /// How long the line of `object` is.
    static func size(of object: JSON) -> Int { frame + object.size }

    /// The object without its checksum, or nil for a line that is not whole.
    ///
    /// `line` is without its LF.
    static func decode(_ line: ArraySlice<UInt8>) -> JSON? {
        guard let rest = content(of: line) else { return nil }
        return try? JSONReader.read([UInt8(ascii: "{")] + Array(rest), limits: .trusted)
    }

    /// What the checksum is of, from the second member on; nil for a line that is not whole.
    static func content(of line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard line.count > prefix.count + 10, line.starts(with: prefix) else { return nil }
        let digits = line.dropFirst(prefix.count).prefix(8)
        let rest = line.dropFirst(prefix.count + 10)
        guard let checksum = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
            checksum == CRC32.checksum(rest)
        else { return nil }
        return rest
    }
}
