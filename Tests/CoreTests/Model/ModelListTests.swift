import Testing

@testable import Core

struct ModelListTests {
    private let now = Timestamp.now

    @Test func `a list is read back as it was kept`() throws {
        var list = ModelList(fingerprint: "f")
        list.note(UpstreamModels([UpstreamModel("a"), UpstreamModel("text-embedding-3")], isCut: true), at: now)

        #expect(ModelList(record: list.record) == list)
    }

    @Test func `an unknown list, a cut one and a whole one answer differently for a model they do not name`() {
        #expect(ModelList(fingerprint: "f").offers("b") == nil)
        #expect(ModelList(fingerprint: "f", models: [UpstreamModel("a")], isCut: true).offers("b") == nil)
        #expect(ModelList(fingerprint: "f", models: [UpstreamModel("a")]).offers("b") == false)
        #expect(ModelList(fingerprint: "f", models: [UpstreamModel("a")]).offers("a") == true)
    }

    @Test func `failures keep the last list and make the pauses longer`() {
        var list = ModelList(fingerprint: "f")
        list.note(UpstreamModels([UpstreamModel("a")]), at: now)

        list.noteFailure(at: now)
        #expect(list.offers("a") == true)
        #expect(list.pause(at: now) == .seconds(10))
        for _ in 0..<20 { list.noteFailure(at: now) }
        #expect(list.pause(at: now) == .seconds(600))
    }

    @Test func `a clock that was set back makes nobody wait`() {
        var list = ModelList(fingerprint: "f")
        list.note(UpstreamModels([UpstreamModel("a")]), at: now + .seconds(864_000))

        #expect(list.pause(at: now) == .zero)
    }
}
