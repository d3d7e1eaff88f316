import Testing

@testable import Core

struct TurnArchiveTests {
    private func read(_ text: String) throws -> JSON { try JSONReader.read(text) }

    private func request(_ messages: String) throws -> CompletionRequest {
        let messages = try JSONReader.text(Array(messages.utf8))
        return try #require(CompletionRequest(members: [("messages", messages)]))
    }

    private func collected(_ chunks: String...) throws -> Turn {
        var reply = CollectedReply()
        for chunk in chunks { _ = reply.add(chunk: try read(chunk)) }
        var turn = Turn(prompt: "p", reply: "", startedAt: .now)
        reply.put(into: &turn)
        return turn
    }

    @Test func `a turn comes back from its line as it was`() throws {
        var turn = Turn(
            prompt: "p", reply: "r", startedAt: Timestamp(microsecondsSinceEpoch: 1), requestedModel: "m", model: "m-1")
        turn.extras.isGiven = true
        turn.extras.promptParts = [["type": "text", "text": "p"]]
        turn.extras.promptName = "ada"
        turn.extras.toolResults = [["role": "tool", "content": "x"]]
        turn.extras.toolCalls = [["id": "c1"]]
        turn.extras.refusal = "no"
        turn.extras.reasoning = "hm"
        turn.extras.choices = [["index": 1, "reply": "s"]]
        #expect(Turn(line: turn.line) == turn)
        let shown = turn.recalled[turn.id]
        for name in ["given", "prompt_parts", "tool_results", "tool_calls", "refusal", "reasoning", "choices"] {
            #expect(shown?[name] != nil && turn.export[name] == shown?[name])
        }
    }

    @Test func `choices of a stream stay apart, whatever the order of their pieces`() throws {
        let turn = try collected(
            #"{"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}"#,
            #"{"choices":[{"index":2,"delta":{"refusal":"No"}}]}"#,
            #"{"choices":[{"index":1,"delta":{"content":"B"},"finish_reason":"length"}]}"#,
            #"{"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]}"#,
            #"{"choices":[{"index":2,"delta":{"refusal":"."},"finish_reason":"stop"}]}"#,
            #"{"choices":[{"index":-1,"delta":{"content":"x"}},{"index":999999,"delta":{"content":"x"}}]}"#)
        #expect(turn.reply == "aA" && turn.finishReason == "stop")
        let wanted = try read(
            #"[{"index":1,"reply":"bB","finish_reason":"length"},{"index":2,"reply":"","finish_reason":"stop","refusal":"No."}]"#
        )
        #expect(JSON.array(turn.extras.choices) == wanted)
    }

    @Test func `calls of tools are put together from their pieces`() throws {
        let turn = try collected(
            #"{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":"Hm"}}]}"#,
            #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c2","type":"custom","custom":{"name":"py","input":"a"}}]}}]}"#,
            #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""},"extra":{"s":"x"}}]}}]}"#,
            #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}},{"index":1,"custom":{"input":"b"}}]}}]}"#,
            #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}],"reasoning":"."},"finish_reason":"tool_calls"}]}"#
        )
        #expect(turn.reply == "" && turn.extras.reasoning == "Hm.")
        let wanted = try read(
            #"[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"},"extra":{"s":"x"}},{"id":"c2","type":"custom","custom":{"name":"py","input":"ab"}}]"#
        )
        #expect(JSON.array(turn.extras.toolCalls) == wanted)
    }

    @Test func `a thread becomes turns in which nothing is lost, and turns a thread`() throws {
        let thread = #"""
            [{"role":"system","content":"Be kind."},
             {"role":"user","name":"ada","content":"one"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"c1","content":"Sun"},
             {"role":"assistant","content":null,"refusal":"No."},
             {"role":"user","content":[{"type":"text","text":"two"},{"type":"image_url","image_url":{"url":"https://x/y.png"}}]},
             {"role":"assistant","content":"three"},
             {"role":"user","content":"four"}]
            """#
        let request = try request(thread)

        let turns = request.givenTurns(at: .now, room: 1 << 20)

        #expect(request.system == "Be kind.")
        #expect(turns.map(\.prompt) == ["one", "", "two"])
        #expect(turns.map(\.reply) == ["", "", "three"])
        #expect(turns.map(\.extras.isGiven) == [true, true, true])
        #expect(turns[1].extras.toolResults.count == 1 && turns[1].extras.refusal == "No.")
        #expect(request.turn(startedAt: .now).prompt == "four")
        #expect(Turn.messages(of: turns) == request.messages[1...6].map(\.json.value))
    }

    @Test func `only the last turns of a thread are kept where it is larger than a conversation`() throws {
        let long = String(repeating: "x", count: 1000)
        let request = try request(
            #"[{"role":"user","content":"\#(long)"},{"role":"assistant","content":"1"},{"role":"user","content":"\#(long)"},{"role":"assistant","content":"2"},{"role":"user","content":"end"}]"#
        )
        #expect(request.givenTurns(at: .now, room: 2000).map(\.reply) == ["2"])
        #expect(request.givenTurns(at: .now, room: 100).isEmpty)
    }

    @Test func `calls without results and results without calls are not sent`() throws {
        var first = Turn(prompt: "one", reply: "", startedAt: .now)
        first.extras.toolCalls = [["id": "c1", "function": ["name": "f"]], ["id": "c2", "function": ["name": "g"]]]
        var second = Turn(prompt: "two", reply: "2", startedAt: .now)
        let result: JSON = ["role": "tool", "tool_call_id": "c1", "content": "x"]

        #expect(Turn.messages(of: [first, second]).map { $0["role"]?.string } == ["user", "user", "assistant"])

        second.extras.toolResults = [result, ["role": "tool", "tool_call_id": "c9", "content": "y"]]
        let messages = Turn.messages(of: [first, second])
        #expect(messages.map { $0["role"]?.string } == ["user", "assistant", "tool", "user", "assistant"])
        #expect(messages[1]["tool_calls"]?.array?.compactMap { $0["id"]?.string } == ["c1"])

        #expect(Turn.messages(of: [first], before: [result]).last?["tool_calls"]?.array?.count == 1)
    }

    @Test func `a large file of a prompt leaves its kind and size, small ones and addresses stay`() throws {
        let large = "data:image/png;base64," + String(repeating: "AAAA", count: 100_000)
        let small = "data:image/gif;base64,AAAA"
        let content: JSON = [
            ["type": "text", "text": JSON(String(repeating: "word ", count: 50_000))],
            ["type": "image_url", "image_url": ["url": JSON(large)]],
            ["type": "image_url", "image_url": ["url": JSON(small)]],
            ["type": "image_url", "image_url": ["url": "https://x/y.png"]],
            ["type": "input_audio", "input_audio": ["data": JSON(String(large.dropFirst(22))), "format": "wav"]],
        ]
        let parts = MessageParts.kept(of: content)

        #expect(parts[0] == content[0] && parts[2] == content[2] && parts[3] == content[3])
        #expect(parts[1]["image_url"]?["url"]?["omitted"] == ["media_type": "image/png", "bytes": 300_000])
        #expect(parts[4]["input_audio"]?["data"]?["omitted"]?["bytes"]?.int == 400_000)
        #expect(MessageParts.sendable(parts[1])["text"]?.string == "[image/png of 300000 bytes, not kept]")
        #expect(MessageParts.sendable(parts[3]) == parts[3])
        #expect(MessageParts.kept(of: ["just", "words"]).isEmpty && MessageParts.kept(of: "text").isEmpty)

        let many = JSON.array(
            (0..<20).map { _ in ["type": "image_url", "image_url": ["url": JSON(String(large.prefix(60_000)))]] })
        #expect(JSON.array(MessageParts.kept(of: many)).bytes.count < MessageParts.mostOfFiles + 4000)
    }

    @Test func `odd messages of a thread neither crash nor cost the others`() throws {
        let request = try request(
            #"[{"role":"assistant","content":{"a":1}},{"role":"critic","content":"no"},{"role":"assistant"},{"role":"tool"},{"role":"assistant","content":[],"tool_calls":[3]},{"role":"user","content":null},{"role":"user","content":"x"}]"#
        )
        let turns = request.givenTurns(at: .now, room: 1 << 20)
        #expect(turns.map(\.prompt) == ["", "no", ""])
        #expect(request.turn(startedAt: .now).prompt == "x")
        _ = Turn.messages(of: turns)
        for turn in turns { #expect(Turn(line: turn.line) == turn && !turn.markdown.isEmpty) }
    }

    @Test func `Markdown holds all of it, and no fence ends early`() throws {
        var turn = Turn(prompt: "", reply: "", startedAt: .now)
        turn.extras.toolResults = [["role": "tool", "tool_call_id": "c1", "content": "a\n````\nb"]]
        turn.extras.toolCalls = [["id": "c2", "function": ["name": "lookup", "arguments": "{}"]]]
        turn.extras.refusal = "Never."
        turn.extras.reasoning = "First…"
        turn.extras.choices = [["index": 1, "reply": "Other"]]
        let text = turn.markdown
        for word in ["c1", "> `````", "lookup", "Never.", "> First…", "Choice 2", "Other"] {
            #expect(text.contains(word))
        }
    }
}
