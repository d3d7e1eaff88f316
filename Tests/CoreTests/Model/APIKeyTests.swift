import Testing

@testable import Core

struct APIKeyTests {
    private let characters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_ é")

    @Test func `a new key is a key, and no two are the same`() {
        let keys = (0..<100).map { _ in APIKey.generate().text }

        #expect(Set(keys).count == 100)
        for key in keys {
            #expect(key.hasPrefix("sk-cas-"))
            #expect(key.utf8.count == 45)
            #expect(APIKey(key)?.text == key)
        }
    }

    @Test func `the checksum refuses every change of a single character`() {
        let key = Array(APIKey.generate().text)
        var accepted: [String] = []
        for place in key.indices {
            for character in characters where character != key[place] {
                var changed = key
                changed[place] = character
                if APIKey(String(changed)) != nil { accepted.append(String(changed)) }
            }
        }

        #expect(accepted == [])
    }

    @Test func `a key that is too short or too long is refused`() {
        let key = APIKey.generate().text
        for text in [String(key.dropLast()), key + "0", " " + key, key + "\n", "", "sk-cas-"] {
            #expect(APIKey(text) == nil, "\(text.utf8.count) bytes")
        }
    }

    @Test(arguments: [
        ("abcdefghijklmnopqrstuvwxyz012345", true), ("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", true),
        ("abcdefghijklmnopqrstuvwxyz01234", false), ("abcdefghijklmnopqrstuvwxyz0123456", false),
        ("abcdefghijklmnopqrstuvwxyz01234-", false), ("abcdefghijklmnopqrstuvwxyz0123é", false),
        ("sk-cas-abcdefghijklmnopqrstuvwxy", false),
    ])
    func `an imported key is 32 letters and digits`(text: String, isKey: Bool) {
        #expect((APIKey(text) != nil) == isKey)
    }

    @Test func `a key does not print itself`() throws {
        let key = APIKey.generate()
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] { #expect(!text.contains(key.text.dropLast(4))) }
        #expect(key.digest.utf8.count == 64)
        #expect(key.lastFour == String(key.text.suffix(4)))
    }
}
