import Testing

@testable import Core

struct PseudonymsTests {
    private let pseudonyms = Pseudonyms(key: Array(0..<32))

    @Test func `a user has one name at a host, another at each other host, and nobody else has it`() {
        let name = pseudonyms.name(of: "ada", at: "api.openai.com")

        #expect(Pseudonyms.isName(name))
        #expect(name == pseudonyms.name(of: "ada", at: "api.openai.com"))
        #expect(name != pseudonyms.name(of: "ada", at: "llm.example.org"))
        #expect(name != pseudonyms.name(of: "bob", at: "api.openai.com"))
        #expect(name != Pseudonyms(key: Array(1...32)).name(of: "ada", at: "api.openai.com"))
    }

    @Test func `it is an HMAC over host and user, as others can compute it with the key`() {
        // python3: hmac.new(bytes(range(32)), b"api.openai.com\0ada", "sha256").hexdigest()[:32]
        #expect(pseudonyms.name(of: "ada", at: "api.openai.com") == "u-ce03b65d0ffbaac64d05e67055c9d018")
    }

    @Test func `names stay the same however many there are`() {
        let first = pseudonyms.name(of: "0", at: "h")
        for number in 1..<10_000 { _ = pseudonyms.name(of: "\(number)", at: "h") }

        #expect(pseudonyms.name(of: "0", at: "h") == first)
    }

    @Test func `OpenAI is told its newer field, others the older one`() {
        let fields = [
            "https://api.openai.com/v1", "https://eu.api.openai.com/v1", "https://API.OpenAI.com", "http://openai.com",
            "https://api.openai.com.example.org/v1", "http://127.0.0.1:8000/v1",
        ].map { Account.OpenAI(baseURL: $0).userField }

        #expect(fields == [.safetyIdentifier, .safetyIdentifier, .safetyIdentifier, .user, .user, .user])
    }
}
