import Testing

@testable import Core

struct CompletionBodyTests {
    private func request(_ body: String, isStream: Bool = false) throws -> CompletionRequest {
        let members = try #require(try JSONReader.text(Array(body.utf8)).members)
        return try #require(CompletionRequest(members: members, isStream: isStream))
    }

    private func sent(
        _ body: String, isStream: Bool = false, model: String? = nil, after conversation: Conversation? = nil,
        for identity: UpstreamIdentity = UpstreamIdentity(pseudonym: "p", fields: ["user"])
    ) throws -> String {
        let prompt = UpstreamPrompt(
            conversation: conversation, prompt: "", user: "a", completion: try request(body, isStream: isStream))
        return String(decoding: CompletionBody.bytes(of: prompt, model: model, for: identity), as: UTF8.self)
    }

    @Test func `the caller's bytes go on, with our members in place of its own`() throws {
        let messages = #"[ {"content" : "\u00e9 1.50","role":"user", "x":[1.50, 1e2]} ]"#

        #expect(
            try sent(#"{"user":"me", "model":"a","messages":\#(messages),"n":1.0,"conversation_id":"c"}"#, model: "b")
                == #"{"user":"p","model":"b","messages":\#(messages),"n":1.0,"stream":false}"#)
        #expect(
            try sent(#"{"model":"a","messages":\#(messages),"safety_identifier":null,"stream":true}"#, isStream: true)
                == #"{"model":"a","messages":\#(messages),"stream":true,"stream_options":{"include_usage":true},"user":"p"}"#
        )
    }

    @Test(arguments: UserField.allCases)
    func `whoever a caller says it is, the upstream is told its pseudonym where the account wants that`(
        field: UserField
    ) throws {
        let identity = UpstreamIdentity(pseudonym: "p", fields: field.names)

        let body = try sent(
            #"{"user":"me","safety_identifier":"mine","messages":[{"role":"user"}]}"#, for: identity)
        let bare = try sent(#"{"messages":[{"role":"user"}]}"#, for: identity)

        #expect(!body.contains("me\"") && !body.contains("mine"))
        for json in [try JSONReader.read(body), try JSONReader.read(bare)] {
            #expect(UserField.names.filter { json[$0] == "p" } == field.names)
            #expect(UserField.names.filter { json[$0] != nil } == field.names)
        }
    }

    @Test func `the gateway's own requests name nobody`() throws {
        let identity = UpstreamIdentity(pseudonym: nil, fields: UserField.names)

        #expect(
            try sent(#"{"user":"me","messages":[{"role":"user"}]}"#, for: identity)
                == #"{"messages":[{"role":"user"}],"stream":false}"#)
    }

    @Test func `users do not share what is kept under a cache key, unless the account says so`() throws {
        func key(_ written: String, _ pseudonym: String = "u-1", isShared: Bool = false) throws -> JSON? {
            let identity = UpstreamIdentity(pseudonym: pseudonym, sharesCacheKeys: isShared)
            let body = #"{"messages":[{"role":"user"}],"prompt_cache_key":\#(written)}"#
            return try JSONReader.read(try sent(body, for: identity))["prompt_cache_key"]
        }
        let long = "\"" + String(repeating: "k", count: 64) + "\""
        let other = "\"" + String(repeating: "k", count: 63) + "l\""

        #expect(try key(#""k\u00e9""#) == "u-1-k\u{e9}")
        #expect(try key("7") == "u-1-7")
        #expect(try key("null") == .null)
        #expect(try key(#""k""#, isShared: true) == "k")
        // OpenAI takes 64 bytes, all of which a caller may use.
        #expect(try key(long)?.string?.utf8.count == 64)
        #expect(try key(long)?.string?.hasPrefix("u-1-") == true)
        #expect(try key(long) == key(long))
        #expect(try key(long) != key(other))
        #expect(try key(long) != key(long, "u-2"))
    }

    @Test func `a member is known by its name, however it is written`() throws {
        let body = try sent(#"{"messages":[{"role":"user"}],"us\u0065r":"me","\u006dodel":"a"}"#, model: "b")

        #expect(body == #"{"messages":[{"role":"user"}],"user":"p","model":"b","stream":false}"#)
    }

    @Test(arguments: [
        ("", #","max_tokens":50"#), (#","max_tokens":60"#, #","max_tokens":50"#),
        (#","max_tokens":40"#, #","max_tokens":40"#),
        (#","max_completion_tokens":60,"max_tokens":40"#, #","max_completion_tokens":50,"max_tokens":40"#),
        (#","max_completion_tokens":null"#, #","max_completion_tokens":null"#),
        (#","max_tokens":"x""#, #","max_tokens":"x""#),
    ])
    func `a limit of the answer lowers what the caller wants, and raises nothing`(given: String, sent: String) throws {
        let prompt = UpstreamPrompt(
            prompt: "", user: "a", completion: try request(#"{"messages":[{"role":"user"}]\#(given)}"#),
            mostCompletion: 50)

        let identity = UpstreamIdentity(pseudonym: nil)
        let body = String(decoding: CompletionBody.bytes(of: prompt, model: nil, for: identity), as: UTF8.self)

        #expect(body.hasPrefix(#"{"messages":[{"role":"user"}]\#(given.isEmpty ? "" : sent)"#))
        #expect(given.isEmpty || !given.contains("null") ? body.contains(sent) : body.contains(#""max_tokens":50"#))
    }

    @Test func `options of a stream are kept beside ours`() throws {
        let body = try sent(
            #"{"stream_options":{"include_usage":false,"x":1},"messages":[{"role":"user"}]}"#, isStream: true)

        #expect(body.hasPrefix(#"{"stream_options":{"include_usage":true,"x":1},"messages":"#))
    }

    @Test func `stored turns stand before new messages, and after what the system said`() throws {
        var conversation = Conversation(origin: .account(Account.ID(rawValue: "a")), system: "old")
        conversation.turns = [Turn(prompt: "one", reply: "1", startedAt: .now)]
        let new = #"{"role": "user", "content": "two"}"#
        let turns = #"{"role":"user","content":"one"},{"role":"assistant","content":"1"}"#

        #expect(
            try sent(#"{"messages":[\#(new)]}"#, after: conversation)
                == #"{"messages":[{"role":"system","content":"old"},\#(turns),\#(new)],"stream":false,"user":"p"}"#)
        let system = #"{"role":"developer","content":"new"}"#
        #expect(
            try sent(#"{"messages":[\#(new), \#(system)]}"#, after: conversation)
                == #"{"messages":[\#(system),\#(turns),\#(new)],"stream":false,"user":"p"}"#)
        // One that sends replies sends its thread itself.
        let whole = #"[{"role":"assistant","content":"x"}, \#(new)]"#
        #expect(
            try sent(#"{"messages":\#(whole)}"#, after: conversation)
                == #"{"messages":\#(whole),"stream":false,"user":"p"}"#)
    }

    @Test(arguments: ["{}", #"{"messages":[]}"#, #"{"messages":{}}"#, #"{"messages":[{"role":"user"},{"role":1}]}"#])
    func `a thread without messages, or with one without a role, is none`(body: String) throws {
        let members = try #require(try JSONReader.text(Array(body.utf8)).members)
        #expect(CompletionRequest(members: members) == nil)
    }
}
