import Testing

@testable import Core

struct ThreadDigestTests {
    /// Messages that clients write for one another.
    private static let same: [(String, String, String)] = [
        ("arguments with spaces", call(#"{"a":1,"b":[2]}"#), call(#"{ "a": 1, "b": [ 2 ] }"#)),
        ("arguments in another order", call(#"{"a":1,"b":{"c":2,"d":3}}"#), call(#"{"b":{"d":3,"c":2},"a":1}"#)),
        ("arguments with escapes", call(#"{"a":"\u00e9\/"}"#), call(#"{"a":"é/"}"#)),
        ("numbers of arguments", call(#"{"a":1.0,"b":1e2,"c":0.50}"#), call(#"{"a":1,"b":100,"c":0.5}"#)),
        ("no arguments", call(""), call("{}")),
        (
            "arguments as an object", call(#"{"a":1}"#),
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":{"a":1}}}]}"#
        ),
        ("arguments that are no JSON", call("a  b"), call(" a b\n")),
        ("a call without its type", call("{}"), call("{}").replacing(#""type":"function","#, "")),
        ("null content beside calls", call("{}"), call("{}").replacing(#""content":null,"#, "")),
        ("empty content beside calls", call("{}"), call("{}").replacing("null", #""""#)),
        ("a name of an assistant", said("Hi"), #"{"role":"assistant","name":"Bot","content":"Hi"}"#),
        ("empty tool_calls", said("Hi"), #"{"role":"assistant","content":"Hi","tool_calls":[]}"#),
        (
            "null members", said("Hi"),
            #"{"role":"assistant","content":"Hi","tool_calls":null,"refusal":null,"audio":null}"#
        ),
        ("reasoning", said("Hi"), #"{"role":"assistant","content":"Hi","reasoning_content":"Hm","reasoning":"Hm"}"#),
        ("annotations", said("Hi"), #"{"role":"assistant","content":"Hi","annotations":[]}"#),
        ("a part of text", said("Hi"), #"{"content":[{"type":"text","text":"Hi"}],"role":"assistant"}"#),
        (
            "parts of text", said("Hi\\nyou"),
            #"{"role":"assistant","content":[{"type":"text","text":"Hi"},{"type":"output_text","text":"you"}]}"#
        ),
        ("white space at the ends", said(" Hi\\n"), said("Hi")),
        (
            "a part of reasoning", said("Hi"),
            #"{"role":"assistant","content":[{"type":"thinking","thinking":"x"},{"type":"text","text":"Hi"}]}"#
        ),
        ("a refusal as content", #"{"role":"assistant","content":null,"refusal":"No."}"#, said("No.")),
        (
            "a refusal as a part", #"{"role":"assistant","content":null,"refusal":"No."}"#,
            #"{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}"#
        ),
        (
            "an image's detail", image(#"{"url":"https://x/y.png","detail":"auto"}"#),
            image(#"{"url":"https://x/y.png"}"#)
        ),
        ("an image's address alone", image(#""https://x/y.png""#), image(#"{"url":"https://x/y.png"}"#)),
        (
            "a custom tool", custom("print(1)\\n"),
            custom("print(1)").replacing(#""type":"custom","#, "")
        ),
        (
            "a function_call", #"{"role":"assistant","function_call":{"name":"f","arguments":"{\"a\":1}"}}"#,
            #"{"role":"assistant","content":"","function_call":{"arguments":"{\"a\": 1}","name":"f"}}"#
        ),
        (
            "a name of a tool's result", #"{"role":"tool","tool_call_id":"c1","content":"Sun"}"#,
            #"{"role":"tool","name":"f","tool_call_id":"c1","content":[{"type":"text","text":"Sun"}]}"#
        ),
    ]

    private static let different: [(String, String, String)] = [
        ("other words", said("Hi"), said("Ho")),
        ("another role", said("Hi"), #"{"role":"user","content":"Hi"}"#),
        ("another tool", call("{}"), call("{}").replacing(#""f""#, #""g""#)),
        ("other arguments", call(#"{"a":1}"#), call(#"{"a":2}"#)),
        ("a null among arguments", call(#"{"a":null}"#), call(#"{}"#)),
        ("the order of a list", call(#"{"a":[1,2]}"#), call(#"{"a":[2,1]}"#)),
        ("a number that is text", call(#"{"a":1}"#), call(#"{"a":"1"}"#)),
        ("large numbers", call(#"{"a":123456789012345678901}"#), call(#"{"a":123456789012345678902}"#)),
        (
            "another call's result", #"{"role":"tool","tool_call_id":"c1","content":"x"}"#,
            #"{"role":"tool","tool_call_id":"c2","content":"x"}"#
        ),
        ("words grown together", said("a b"), said("ab")),
        ("another image", image(#"{"url":"https://x/1.png"}"#), image(#"{"url":"https://x/2.png"}"#)),
        ("an image more", image(#"{"url":"https://x/1.png"}"#), #"{"role":"user","content":"look"}"#),
        (
            "another user's name", #"{"role":"user","name":"a","content":"x"}"#,
            #"{"role":"user","name":"b","content":"x"}"#
        ),
        ("a field's name in the text", said("text 2 Hi"), said("Hi")),
        ("other custom input", custom("a"), custom("b")),
    ]

    private static func said(_ text: String) -> String { #"{"role":"assistant","content":"\#(text)"}"# }

    private static func call(_ arguments: String) -> String {
        let text = JSON(arguments).text
        return
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":\#(text)}}]}"#
    }

    private static func custom(_ input: String) -> String {
        #"{"role":"assistant","tool_calls":[{"id":"c1","type":"custom","custom":{"name":"py","input":"\#(input)"}}]}"#
    }

    private static func image(_ address: String) -> String {
        #"{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":\#(address)}]}"#
    }

    private func digest(_ messages: String...) throws -> String {
        var digest = ThreadDigest()
        digest.append(try messages.map { try JSONReader.text(Array($0.utf8)) })
        return digest.text
    }

    @Test(arguments: same)
    func `a message that clients write in other words is the same`(what: String, one: String, other: String) throws {
        let before = #"{"role":"user","content":"ask"}"#
        #expect(try digest(before, one) == digest(before, other))
    }

    @Test(arguments: different)
    func `a message that says something else is another`(what: String, one: String, other: String) throws {
        #expect(try digest(one) != digest(other))
    }

    @Test func `prompts of the system make no difference, wherever they stand`() throws {
        let (user, reply) = (#"{"role":"user","content":"ask"}"#, Self.said("Hi"))
        let clock = [#"{"role":"system","content":"It is 10:00."}"#, #"{"role":"developer","content":"It is 11:00."}"#]
        #expect(try digest(user, reply) == digest(clock[0], user, reply))
        #expect(try digest(user, reply) == digest(clock[1], user, clock[0], reply))
    }

    @Test func `the order and the number of messages count`() throws {
        let (one, two) = (Self.said("1"), Self.said("2"))
        #expect(try digest(one, two) != digest(two, one))
        #expect(try digest(one) != digest(one, one))
        #expect(try digest(one, two) != digest(Self.said("1 2")))
    }

    @Test func `the thread with its reply is the thread before the next message`() throws {
        let reply = try JSONReader.read(Self.said("Hi"))
        let ask: JSON = ["role": "user", "content": "ask"]
        let first = try thread(ask)
        let second = try thread(["role": "system", "content": "x"], ask, reply, ask)
        #expect(first.before == nil)
        #expect(second.before == first.with(reply))
        // A beginning of the reply that the model is to go on with is no earlier reply.
        #expect(try thread(ask, reply).before == nil)
        #expect(try thread(ask, reply, ask, reply).before == first.with(reply))
    }

    private func thread(_ messages: JSON...) throws -> CompletionRequest.Thread {
        try #require(CompletionRequest(members: [("messages", JSONText(JSON.array(messages)))])).thread
    }

    @Test func `a thread has the name that it had before, so that its conversation goes on`() throws {
        let tools =
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{ \"b\": 1.0, \"a\": [null, \"\\u00e9\"] }"}}]}"#
        let result =
            #"{"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"Sun"},{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"auto"}}]}"#
        #expect(
            try digest(
                #"{"role":"user","content":"ask"}"#, #"{"role":"assistant","content":" Hi  \n you \u00e9 "}"#, result,
                tools) == "a797c813fbd7240e5be178e6e2e9270d2f4273127885450d125a2e2ff875b274")
    }

    @Test(arguments: [
        "null", "1", "[]", "{}", #"{"role":"assistant","content":{"a":1},"tool_calls":{"a":1}}"#,
        #"{"role":"assistant","tool_calls":[1,null,{"function":3},{"custom":[]}]}"#,
        #"{"role":"tool","content":[null,1,"x",{"type":"text"}],"tool_call_id":7}"#,
        #"{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}}]}"#,
    ])
    func `odd messages have a digest, too`(message: String) throws {
        #expect(try digest(message).count == 64)
    }
}

extension String {
    fileprivate func replacing(_ part: String, _ other: String) -> String {
        Text.replacing(part, in: self, with: other)
    }
}
