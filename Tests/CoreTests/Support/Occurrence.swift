/// What a script's thread reports to a test that waits for it.
struct Occurrence<Value: Sendable>: Sendable {
    private let reports: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init(of type: Value.Type = Value.self) { (reports, continuation) = AsyncStream.makeStream() }

    func report(_ value: Value) { continuation.yield(value) }

    /// The next report that nobody has taken; nil if the task is cancelled.
    func next() async -> Value? {
        var iterator = reports.makeAsyncIterator()
        return await iterator.next()
    }
}
