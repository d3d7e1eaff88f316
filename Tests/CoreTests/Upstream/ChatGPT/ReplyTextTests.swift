import Testing

@testable import Core

@Suite struct ReplyTextTests {
    @Test func growingSnapshotsBecomeWhatWasAdded() {
        var text = ReplyText()
        let events = ["", "Dan", "Dan", "Danube Danube"].map { text.move(to: $0, isFinished: false) }
        #expect(events == [nil, .text(EscapedText("Dan")), nil, .text(EscapedText("ube Danube"))])
    }

    @Test func anAccentThatComesLaterIsAnAddition() {
        var text = ReplyText()
        #expect(text.move(to: "e", isFinished: false) == .text(EscapedText("e")))
        #expect(text.move(to: "e\u{301}", isFinished: false) == .text(EscapedText("\u{301}")))
        #expect(Array(text.emitted.utf8) == [0x65, 0xCC, 0x81])
    }

    @Test func aSnapshotThatIsNoContinuationReplaces() {
        var text = ReplyText()
        _ = text.move(to: "Searching", isFinished: false)
        #expect(text.move(to: "Found it", isFinished: true) == .replaced(EscapedText("Found it")))
    }

    @Test func halfACharacterIsHeldBack() {
        var text = ReplyText()
        #expect(text.move(to: "Hi \u{FFFD}", isFinished: false) == .text(EscapedText("Hi ")))
        #expect(text.move(to: "Hi 👋", isFinished: false) == .text(EscapedText("👋")))
        #expect(text.move(to: "Hi 👋\u{FFFD}", isFinished: true) == .text(EscapedText("\u{FFFD}")))
    }

    @Test func aContinuationGoesOnBehindWhatIsKept() {
        var text = ReplyText()
        _ = text.move(to: "One, two", isFinished: true)
        text.keep()
        #expect(text.move(to: ", three", isFinished: false) == .text(EscapedText(", three")))
        #expect(text.emitted == "One, two, three")
    }
}
