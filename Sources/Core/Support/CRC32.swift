/// CRC-32 as in zlib and Ethernet (reflected polynomial 0xEDB88320): finds typing errors and torn lines, not forgery.
package enum CRC32 {
    /// Eight tables of 256: the first for a byte alone, each next one for a byte that one more follows in its word.
    ///
    /// With them eight bytes are taken at once ("slicing-by-8"), with one look-up each and no wait for the one before.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = (0..<256).map { index in
            (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        for index in 256..<2048 {
            let value = tables[index - 256]
            tables.append(tables[Int(value & 0xFF)] ^ value >> 8)
        }
        return tables
    }()

    package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        bytes.withContiguousStorageIfAvailable(checksum) ?? Array(bytes).withUnsafeBufferPointer(checksum)
    }

    private static func checksum(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var value = ~UInt32(0)
            let words = bytes.count / 8
            for place in 0..<words {
                let word = UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: place * 8, as: UInt64.self)
                let low = UInt32(truncatingIfNeeded: word.littleEndian) ^ value
                let high = UInt32(truncatingIfNeeded: word.littleEndian >> 32)
                let first = tables[1792 + Int(low & 0xFF)] ^ tables[1536 + Int(low >> 8 & 0xFF)]
                let second = tables[1280 + Int(low >> 16 & 0xFF)] ^ tables[1024 + Int(low >> 24)]
                let third = tables[768 + Int(high & 0xFF)] ^ tables[512 + Int(high >> 8 & 0xFF)]
                let fourth = tables[256 + Int(high >> 16 & 0xFF)] ^ tables[Int(high >> 24)]
                value = first ^ second ^ third ^ fourth
            }
            for byte in bytes.extracting((words * 8)..<bytes.count) {
                value = tables[Int((value ^ UInt32(byte)) & 0xFF)] ^ value >> 8
            }
            return ~value
        }
    }
}
