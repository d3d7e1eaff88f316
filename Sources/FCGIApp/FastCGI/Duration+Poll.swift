extension Duration {
    /// The duration as `poll(2)` wants it: whole milliseconds, rounded up, never negative.
    var pollTimeout: Int32 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        let fraction = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(truncatingIfNeeded: seconds * 1000 + fraction)
    }
}
