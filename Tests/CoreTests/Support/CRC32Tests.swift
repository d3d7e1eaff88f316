import Testing

@testable import Core

struct CRC32Tests {
    @Test func `the check value of the standard comes out`() {
        #expect(CRC32.checksum("123456789".utf8) == 0xCBF4_3926)
        #expect(CRC32.checksum([]) == 0)
    }

    @Test func `words and the bytes beside them count as they do one by one`() {
        let bytes = [UInt8]((0..<100).map { UInt8($0) &* 37 })
        for start in 0..<9 {
            for end in start..<bytes.count {
                let part = bytes[start..<end]
                let expected = bitwise(part)
                #expect(CRC32.checksum(part) == expected)
                #expect(CRC32.checksum(part.lazy.map { $0 }) == expected)
            }
        }
    }

    private func bitwise(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var value = ~UInt32(0)
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        return ~value
    }
}
