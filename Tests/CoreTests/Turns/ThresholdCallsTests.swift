import Logging
import Testing

@testable import Core

struct ThresholdCallsTests {
    private let directory = TemporaryDirectory()

    @Test func `a call that was tried for a day is dropped`() throws {
        let store = try directory.store()
        let book = try #require(try store.thresholdBook())
        let settings = Settings.Thresholds.Webhook(url: Secret("http://127.0.0.1:9/"), secret: Secret("s"))
        let calls = ThresholdCalls(
            webhook: Webhook(settings, client: .shared), executor: RequestExecutor(threads: 1),
            log: Logger(label: "test"))
        let ids = ["0123456789abcdef0", "0123456789abcdff0"]
        let waiting = ids.map {
            ThresholdCall(id: $0, at: .now, end: .now + .seconds(9 * 86_400), body: [:])
        }
        #expect(try book.note(waiting) == 0)
        calls.stop()

        calls.begin(book, at: waiting[0].at + ThresholdCalls.lifetime)
        #expect(book.waiting.map(\.id) == ids)
        calls.begin(book, at: waiting[1].at + ThresholdCalls.lifetime + .seconds(1))
        #expect(book.waiting.isEmpty && ids.allSatisfy(book.isNoted))
    }
}
