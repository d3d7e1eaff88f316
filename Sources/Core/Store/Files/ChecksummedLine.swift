/// One line of an append-only file: a JSON object whose first member is the checksum of the rest of the line.
///
/// `{"crc":"89abcdef",…}` LF, where the CRC-32 is over the bytes after the comma that follows it. A line that
/// was torn by a crash or corrupt later is recognised and passed over, never half believed.
enum ChecksummedLine {
    private static let prefix = Array("{\"crc\":\"".utf8)
    /// How many bytes stand before the second member.
    static let frame = #"{"crc":"89abcdef","#.utf8.count

    static func encode(_ object: JSON) -> [UInt8] {
        let rest = object.bytes.dropFirst()
        let digits = String(CRC32.checksum(rest), radix: 16)
        let padded = String(repeating: "0", count: 8 - digits.utf8.count) + digits
        return prefix + Array(padded.utf8) + Array("\",".utf8) + Array(rest) + [0x0A]
    }

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
