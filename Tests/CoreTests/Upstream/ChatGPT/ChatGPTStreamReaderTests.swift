import Testing

@testable import Core

@Suite struct ChatGPTStreamReaderTests {
    private func read(_ bytes: [UInt8], by size: Int = .max) -> ChatGPTStreamReader {
        var reader = ChatGPTStreamReader()
        var rest = bytes[...]
        while !rest.isEmpty {
            reader.feed(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        reader.end()
        return reader
    }

    @Test func readsTheSameWhereverTheBytesAreCut() {
        let bytes =
            ChatGPTStream.ping + ChatGPTStream.event(ChatGPTStream.snapshot("Grüße"))
            + ChatGPTStream.ping + ChatGPTStream.bytes([ChatGPTStream.last("Grüße, 世界 👋")])
        for cut in 0...bytes.count {
            var reader = ChatGPTStreamReader()
            reader.feed(Array(bytes[..<cut]))
            reader.feed(Array(bytes[cut...]))
            reader.end()

            #expect(reader.stage == .done)
            #expect(reader.answer?.text == "Grüße, 世界 👋")
        }
        #expect(read(bytes, by: 1).answer?.text == "Grüße, 世界 👋")
    }

    @Test func snapshotsThatOthersFollowAtOnceChangeNothing() {
        let snapshots = (1...20).map { count in
            ChatGPTStream.event(ChatGPTStream.snapshot(String(repeating: "é\"", count: count)))
        }
        let odd: [JSON] = [
            ["message": ["id": "t", "author": ["role": "tool"], "content": [:]], "conversation_id": "other"],
            ["message": ["id": "m", "author": ["role": "assistant"], "recipient": "python"], "conversation_id": "c"],
            ["message": nil, "error": nil], ["moderation_response": ["flagged": false]],
        ]
        let bytes = snapshots.joined() + odd.flatMap(ChatGPTStream.event)

        let (whole, cut) = (read(Array(bytes)), read(Array(bytes), by: 7))

        #expect(whole.answer?.text == String(repeating: "é\"", count: 20))
        #expect(whole.answer == cut.answer && whole.stage == cut.stage && whole.passedOver == cut.passedOver)
        #expect(whole.conversationID == "c" && cut.conversationID == "c")
    }

    @Test(arguments: [
        #"{"message":{"id":"a","author":{"role":"user"}},"conversation_id":"c"}"#,
        #"{"message":{"id":"a","role":"assistant"},"conversation_id":"c"}"#,
        #"{"message":{"id":1,"author":{"role":"assistant"}},"conversation_id":"c"}"#,
        #"{"message":{"id":"a","author":{"role":"assistant"}}}"#,
        #"{"message":{"id":"a","author":{"role":"assistant"}},"conversation_id":"c","error":"no"}"#,
        #"{"message":{"id":"a","author":{"role":"assistant"},"recipient":"python"},"conversation_id":"c"}"#,
    ]) func whatIsNotSurelyASnapshotIsRead(event: String) {
        #expect(!ChatGPTSnapshot.isOne(.init(name: "message", data: Array(event.utf8))))
    }

    @Test func marksOfTheProtocolInTheTextEndNothing() {
        let text = "data: [DONE]\n\ndata: {\"message\": {\"id\": \"\u{2028}"
        let reader = read(ChatGPTStream.bytes([ChatGPTStream.snapshot(text), ChatGPTStream.last(text + "!")]))

        #expect(reader.answer?.text == text + "!")
        #expect(reader.stage == .done)
    }

    @Test func anEarlyFinishTypeIsNoEnd() {
        let reader = read(
            ChatGPTStream.bytes([ChatGPTStream.snapshot("Dan", finish: "stop")], isDone: false))

        #expect(reader.stage == .brokenOff)
        #expect(reader.answer?.text == "Dan")
    }

    @Test func aFinishedMessageNeedsNoEndMark() {
        #expect(read(ChatGPTStream.bytes([ChatGPTStream.last("Whole")], isDone: false)).stage == .done)
    }

    @Test func toolsVerdictsTitlesAndGarbageAreNoAnswer() {
        let bytes =
            ChatGPTStream.bytes(
                [
                    ChatGPTStream.snapshot("", id: "s", role: "system"),
                    ChatGPTStream.snapshot("Question", id: "u", role: "user"),
                    ChatGPTStream.snapshot("search()", id: "t1", recipient: "browser"),
                    ChatGPTStream.snapshot("found", id: "t2", role: "tool"),
                    ["conversation_id": JSON(ChatGPTStream.conversation), "message_id": "b001", "is_completion": true],
                    ["type": "title_generation", "title": "A title"],
                ], isDone: false) + Array("data: {half\n\ndata:\n\nevent: other\ndata: 1\n\n: comment\n\n".utf8)
            + ChatGPTStream.bytes([ChatGPTStream.last("Answer")])

        let reader = read(bytes)

        #expect(reader.answer?.text == "Answer")
        #expect(reader.answer?.id == "b001")
        #expect(reader.conversationID == ChatGPTStream.conversation)
        #expect(reader.stage == .done)
        #expect(reader.passedOver >= 4)
    }

    @Test(arguments: [#""a text""#, #"{"message":"an object"}"#])
    func anErrorKeepsWhatCame(_ error: String) {
        let bytes =
            ChatGPTStream.bytes([ChatGPTStream.snapshot("Half")], isDone: false)
            + Array("data: {\"message\":null,\"conversation_id\":\"c\",\"error\":\(error)}\n\n".utf8)

        let reader = read(bytes)

        #expect(reader.stage == .failed)
        #expect(reader.answer?.text == "Half")
        #expect(reader.conversationID == "c")
    }

    @Test func deltaEncodingIsRecognisedAndRefused() {
        let reader = read(Array("event: delta_encoding\ndata: \"v1\"\n\n".utf8))
        #expect(reader.stage == .otherProtocol)
        #expect(UpstreamError.chatGPTStream(reader).mayBeAccepted)
    }

    @Test func theOldestShapeHasAFlatRole() {
        let old: JSON = [
            "message": [
                "id": "b", "role": "assistant", "user": nil,
                "content": ["content_type": "text", "parts": ["Hello"]], "end_turn": nil,
            ], "conversation_id": "c", "error": nil,
        ]
        let reader = read(ChatGPTStream.bytes([old]))
        #expect(reader.answer?.text == "Hello")
        #expect(reader.stage == .done)
    }

    @Test func aLineBeyondTheLimitBreaksTheStreamOff() {
        var reader = ChatGPTStreamReader(limit: 100)
        reader.feed(Array(repeating: 0x61, count: 200))
        #expect(reader.stage == .brokenOff)
    }

    @Test func anEndWithoutAnythingIsNoBeginning() {
        let reader = read([])
        #expect(reader.stage == .brokenOff)
        #expect(!reader.hasBegun)
    }
}
