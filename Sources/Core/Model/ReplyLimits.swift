/// How large a reply may become and how long it may take.
package struct ReplyLimits: Sendable, Equatable {
    /// The most bytes of one reply: all texts of all its choices, calls of tools and reasoning among them.
    package var bytes = 4 << 20
    /// The longest time in which nothing of the reply comes; comments, pings and empty pieces are nothing.
    package var idle: Duration = .seconds(120)
    /// The longest time from the prompt to the end of its reply.
    package var total: Duration = .seconds(1800)

    package init() {}

    package init(bytes: Int, idle: Duration, total: Duration) {
        self.bytes = bytes
        self.idle = idle
        self.total = total
    }
}
