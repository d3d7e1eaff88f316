import Synchronization

extension UpstreamReply {
    /// A reply that is already here.
    static func whole(_ text: String, _ finish: UpstreamFinish) -> UpstreamReply {
        let events = Events([.text(text), .finished(finish)])
        return UpstreamReply { () async throws(UpstreamError) in
            guard let event = events.next() else { throw UpstreamError(.badReply, .transient, "asked beyond the end") }
            return event
        }
    }

    private final class Events: Sendable {
        private let events: Mutex<[UpstreamEvent]>

        init(_ events: [UpstreamEvent]) { self.events = Mutex(events) }

        func next() -> UpstreamEvent? { events.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    }
}
