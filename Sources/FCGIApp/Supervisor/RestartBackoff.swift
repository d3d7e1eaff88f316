/// How long to wait before a worker is started again: not at all at first, longer when it keeps dying young.
struct RestartBackoff: Equatable {
    /// A worker that lived this long counts as healthy.
    static let healthyAge = Duration.seconds(10)
    static let longest = Duration.seconds(5)

    private var next = Duration.zero

    /// The wait after a worker that lived for `age`.
    mutating func delay(afterLiving age: Duration) -> Duration {
        if age >= Self.healthyAge { next = .zero }
        defer { next = next == .zero ? .milliseconds(250) : min(next * 2, Self.longest) }
        return next
    }
}
