import Testing

@testable import Core

struct PumpTests {
    /// A pump with what it changes.
    private final class Bench {
        final class Caller {
            var sent: [String] = []
            var hasRoom = true
        }

        let caller = Caller()
        var pump: Pump
        var collected = CollectedReply()
        var meter: ReplyMeter

        init(showsUsage: Bool = true, limits: ReplyLimits = ReplyLimits()) throws {
            meter = ReplyMeter(limits)
            let opening = Array(#"{"conversation_id":"c","#.utf8)
            let pump = Pump(opening: opening, showsUsage: showsUsage) { [caller] bytes in
                if caller.hasRoom { caller.sent.append(String(decoding: bytes, as: UTF8.self)) }
                return caller.hasRoom
            }
            self.pump = try #require(pump)
        }

        func pass(_ piece: String, at now: ContinuousClock.Instant = .now) -> Bool {
            Array(piece.utf8).withUnsafeBytes { pump.pass($0, &collected, &meter, at: now) }
        }

        var turn: Turn {
            var turn = Turn(id: "t", prompt: "p", reply: "", startedAt: Timestamp(microsecondsSinceEpoch: 0))
            collected.put(into: &turn)
            return turn
        }
    }

    private static func event(_ text: String, _ more: String = "") -> String {
        #"data: {"model":"m","choices":[{"index":0,"delta":{"content":"\#(text)"}}]\#(more)}"# + "\n\n"
    }

    @Test func `the events of a piece go out with one write and are noted`() throws {
        let bench = try Bench()

        #expect(bench.pass(Self.event("a\\n") + Self.event("b")))

        let expected = ["a\\n", "b"].map {
            #"data: {"conversation_id":"c","model":"m","choices":[{"index":0,"delta":{"content":"\#($0)"}}]}"# + "\n\n"
        }
        #expect(bench.caller.sent == [expected.joined()])
        #expect(bench.turn.reply == "a\nb")
        #expect(bench.turn.model == "m")
        #expect(bench.pump.lastPass != nil)
    }

    @Test func `reasoning goes the same way`() throws {
        let bench = try Bench()

        #expect(bench.pass("data:{\"choices\":[{\"delta\":{\"reasoning\":\"Hm\"}}]}\n\n"))

        #expect(bench.turn.extras.reasoning == "Hm")
    }

    @Test(arguments: [true, false]) func `an empty usage is shown to those who asked for usage`(shows: Bool) throws {
        let bench = try Bench(showsUsage: shows)

        #expect(bench.pass(Self.event("a", #","usage":null"#)))

        #expect(bench.caller.sent.joined().contains("usage") == shows)
    }

    @Test(arguments: [
        "", ": keep-alive\n\n", "data: [DONE]\n\n", event("a").replacing("\n\n", with: "\n"),
        event("a").replacing("\n\n", with: "\r\n\r\n"), event("a") + "data: {", event("a") + "\n",
        "event: x\n" + event("a"), event("a").replacing("}\n\n", with: "}\ndata: x\n\n"),
        event("a") + event("b", #","usage":{"total_tokens":1}"#), event("a", #","error":{"message":"no"}"#),
        event("a", #","conversation_id":"d""#), event("a").replacing("]}", with: #","finish_reason":"stop"]}"#),
        event("a").replacing(#""content":"a""#, with: #""tool_calls":[{"index":0}]"#),
    ]) func `every other piece is left to the task with nothing changed`(piece: String) throws {
        let bench = try Bench()

        #expect(!bench.pass(piece))

        #expect(bench.caller.sent.isEmpty)
        #expect(bench.collected.isEmpty && bench.collected.finish.model == nil)
    }

    @Test func `what the caller's socket does not take is left to the task, and later pieces go on`() throws {
        let bench = try Bench()
        bench.caller.hasRoom = false

        let isFullPassed = bench.pass(Self.event("a"))
        bench.caller.hasRoom = true

        #expect(!isFullPassed)
        #expect(bench.collected.isEmpty && bench.pump.lastPass == nil)
        #expect(bench.pass(Self.event("b")))
        #expect(bench.turn.reply == "b")
    }

    @Test func `a piece beyond a limit is left to the task, whose meter then finds the same`() throws {
        var limits = ReplyLimits()
        limits.bytes = 3
        limits.total = .seconds(10)
        let bench = try Bench(limits: limits)
        let start = ContinuousClock.now

        #expect(bench.pass(Self.event("abc")))
        #expect(!bench.pass(Self.event("d")))
        #expect(!bench.pass(Self.event(""), at: start + .seconds(11)))
        #expect(bench.turn.reply == "abc")
        #expect(throws: UpstreamError.self) { try bench.meter.note(10, content: 1) }
    }

    @Test func `it says when it passed something on since it was asked`() throws {
        let bench = try Bench()
        _ = bench.pass(Self.event("a"))

        bench.pump.begin()

        #expect(bench.pump.lastPass == nil)
    }
}
