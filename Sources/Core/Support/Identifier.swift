import Glibc
import Synchronization

/// The rule for ids that people and programs outside give: user ids, account ids, conversation ids.
///
/// Compared as bytes, never as Swift characters: `String ==` takes composed and decomposed accents for equal,
/// and this alphabet has neither.
package enum Identifier {
    package static let rule = "1 to 128 of the characters A-Z a-z 0-9 _ . : @ -"

    package static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...128).contains(bytes.count) && bytes.allSatisfy(isAllowed)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"),
            UInt8(ascii: "@"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// A random UUID (version 4, RFC 9562) in lower case.
    package static func random() -> String {
        let random = KernelRandom()
        let high = random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            for half in [high, low] {
                for shift in stride(from: UInt64(60), through: 0, by: -4) {
                    if place == 8 || place == 13 || place == 18 || place == 23 {
                        text[place] = UInt8(ascii: "-")
                        place += 1
                    }
                    text[place] = Hex.digit(UInt8(truncatingIfNeeded: half >> shift) & 15)
                    place += 1
                }
            }
            return place
        }
    }
}

/// Random numbers of the kernel, of which one system call brings 32.
///
/// Each is wiped as it is taken. Worker processes begin as programs of their own, so none has those of another.
package struct KernelRandom: RandomNumberGenerator {
    private struct Store {
        var words = [UInt64](repeating: 0, count: 32)
        var left = 0
    }

    private static let store = Mutex(Store())

    package init() {}

    package func next() -> UInt64 {
        Self.store.withLock { store in
            if store.left == 0 {
                // getentropy(3): all of up to 256 bytes, or none.
                let error = store.words.withUnsafeMutableBytes { bytes in
                    bytes.baseAddress.map { getentropy($0, bytes.count) } ?? -1
                }
                guard error == 0 else { return UInt64.random(in: .min ... .max) }
                store.left = 32
            }
            store.left -= 1
            defer { store.words[store.left] = 0 }
            return store.words[store.left]
        }
    }
}
