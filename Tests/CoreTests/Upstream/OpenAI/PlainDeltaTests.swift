import Testing

@testable import Core

struct PlainDeltaTests {
    /// What the scanned way makes of a chunk, beside the ordinary one's; nil where it leaves the chunk to that.
    private func both(_ chunk: String) throws -> (scanned: Turn, ordinary: Turn)? {
        let bytes = Array(chunk.utf8)
        guard let delta = PlainDelta(bytes) else { return nil }
        var (scanned, ordinary) = (CollectedReply(), CollectedReply())
        scanned.add(delta, of: bytes)
        #expect(ordinary.add(chunk: try JSONReader.read(bytes, limits: .trusted)) == delta.size)
        return (turn(of: scanned), turn(of: ordinary))
    }

    private func turn(of reply: CollectedReply) -> Turn {
        var turn = Turn(id: "t", prompt: "p", reply: "", startedAt: Timestamp(microsecondsSinceEpoch: 0))
        reply.put(into: &turn)
        return turn
    }

    @Test(arguments: [
        #"{"choices":[{"delta":{"content":"Hi"}}]}"#,
        #"{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null}"#,
        #"{"model":"m","choices":[{"index":0,"delta":{"content":"a\"\\\/\b\f\n\r\té€😀 \u00e9\u20AC\ud83d\ude00"}}]}"#,
        #"{"choices":[{"delta":{"content":null,"reasoning_content":"Hm\n"}}]}"#,
        #"{"choices":[{"delta":{"reasoning":"b","reasoning_content":"a"}}]}"#,
        #"{"choices":[{"delta":{"reasoning_content":"a","reasoning":"b","refusal":null,"tool_calls":[]}}]}"#,
        #" {"later":[1,{"x":[true,-1.5e3]}],"choices":[{"delta":{"content":"x"},"stop_reason":null}],"error":null}"#,
        #"{ "choices" : [ { "delta" : { "content" : "x" } } ] }"#,
    ]) func `a plain delta gives what the ordinary way makes of it`(chunk: String) throws {
        // A text that begins with white space is left to the ordinary way.
        guard let (scanned, ordinary) = try both(chunk) else {
            #expect(chunk.hasPrefix(" "))
            return
        }
        #expect(scanned == ordinary)
    }

    @Test(arguments: [
        #"{"choices":[]}"#, #"{"choices":[{"delta":{"content":"x"}},{"delta":{}}]}"#, #"{"choices":[{}]}"#, "{}",
        "[DONE]",
        #"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#, #"{"choices":[{"index":0.0,"delta":{"content":"x"}}]}"#,
        #"{"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}"#,
        #"{"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":1}}"#,
        #"{"choices":[{"delta":{"content":"x"}}],"error":{"message":"no"}}"#,
        #"{"choices":[{"delta":{"content":"x"}}],"conversation_id":"c"}"#,
        #"{"choices":[{"delta":{"content":"x","refusal":"no"}}]}"#, #"{"choices":[{"delta":{"tool_calls":[{}]}}]}"#,
        #"{"choices":[{"delta":{"function_call":[]}}]}"#, #"{"choices":[{"delta":{"content":["x"]}}]}"#,
        #"{"choices":[{"delta":{"audio":"x"}}]}"#, #"{"choices":[{"delta":{"c\u006fntent":"x"}}]}"#,
        #"{"choices":[{"delta":{"content":"x"}}],"a":1,"a":2}"#, #"{"choices":[{"delta":{"content":"\ud83d"}}]}"#,
        #"{"choices":[{"delta":{"content":"\udc00"}}]}"#, #"{"choices":[{"delta":{"content":"\x"}}]}"#,
        "{\"choices\":[{\"delta\":{\"content\":\"x\"}}]\n}", "{\"choices\":[{\"delta\":{\"content\":\"a\tb\"}}]}",
        #"{"choices":[{"delta":{"content":"x"}}]} x"#, #"{"choices":[{"delta":{"content":"x"}}],}"#,
        #"{"model":7,"choices":[{"delta":{"content":"x"}}]}"#, #"{"choices":[{"delta":{"content":"x"}}],"n":01}"#,
    ]) func `everything else is left to the ordinary way`(chunk: String) {
        #expect(PlainDelta(Array(chunk.utf8)) == nil)
    }

    @Test func `text that is not valid UTF-8 is left to the ordinary way`() {
        let sequences: [[UInt8]] = [
            [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xF8], [0x80], [0xC3], [0xE2, 0x82],
        ]
        for bad in sequences {
            let chunk = Array(#"{"choices":[{"delta":{"content":""#.utf8) + bad + Array(#""}}]}"#.utf8)
            #expect(PlainDelta(chunk) == nil)
        }
    }

    @Test(arguments: [
        (#"{"usage":null,"choices":[{"delta":{"content":"x"}}]}"#, #"{"choices":[{"delta":{"content":"x"}}]}"#),
        (#"{"choices":[{"delta":{"content":"x"}}] , "usage" : null }"#, #"{"choices":[{"delta":{"content":"x"}}]  }"#),
        (#"{"a":1,"usage":null,"choices":[{"delta":{}}]}"#, #"{"a":1,"choices":[{"delta":{}}]}"#),
    ]) func `an empty usage is cut out with its comma`(chunk: String, rest: String) throws {
        var bytes = Array(chunk.utf8)
        bytes.removeSubrange(try #require(PlainDelta(bytes)?.emptyUsage))
        #expect(String(decoding: bytes, as: UTF8.self) == rest)
        _ = try JSONReader.read(bytes)
    }

    @Test func `text is put together from scanned and ordinary pieces and decoded once`() throws {
        var reply = CollectedReply()
        for chunk in [
            #"{"choices":[{"delta":{"content":"a\n\u00e9"}}]}"#, #"{"choices":[{"delta":{"content":"\"b","x":1}}]}"#,
            #"{"choices":[{"delta":{"content":"\ud83d\ude00"}}]}"#,
        ] {
            let bytes = Array(chunk.utf8)
            if let delta = PlainDelta(bytes) {
                reply.add(delta, of: bytes)
            } else {
                _ = reply.add(chunk: try JSONReader.read(bytes))
            }
        }
        #expect(reply.text.text == "a\né\"b😀")
    }
}
