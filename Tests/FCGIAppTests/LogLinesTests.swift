import Core
import Glibc
import Logging
import Testing

@testable import FCGIApp

struct LogLinesTests {
    /// A way that keeps each write apart from the others.
    private struct Packets: ~Copyable {
        let reading: Int32
        let writing: Int32

        init() {
            var ends: [Int32] = [-1, -1]
            socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends)
            (reading, writing) = (ends[0], ends[1])
        }

        deinit {
            close(reading)
            close(writing)
        }

        /// How many bytes the next write had, for which it waits; nil after `timeout` milliseconds without one.
        func next(timeout: Int32 = 10_000) -> Int? {
            var poll = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            guard Glibc.poll(&poll, 1, timeout) == 1 else { return nil }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            return read(reading, &bytes, bytes.count)
        }
    }

    private func line(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x61, count: count - 1) + [0x0A] }

    @Test func `lines are written one by one unless they may be held back`() {
        let packets = Packets()
        let lines = LogLines(descriptor: packets.writing)
        lines.add(line(10), level: .info)
        lines.add(line(20), level: .info)
        #expect(packets.next() == 10)
        #expect(packets.next() == 20)
    }

    @Test func `lines that are held back are written together without anything else happening`() {
        let packets = Packets()
        let lines = LogLines(descriptor: packets.writing)
        lines.begin(on: EventLoop())
        var count = 0
        for _ in 0..<3 { lines.add(line(10), level: .info) }
        while count < 30, let written = packets.next() { count += written }
        #expect(count == 30)
    }

    /// Has lines held back by a loop that is busy, so that time is no reason to write them, until the semaphore is signalled.
    private func hold(_ lines: LogLines) -> Core.Semaphore {
        let loop = EventLoop()
        let isOver = Core.Semaphore()
        loop.run { isOver.wait() }
        lines.begin(on: loop)
        return isOver
    }

    @Test func `an error is written at once with what was held back before it`() {
        let packets = Packets()
        let lines = LogLines(descriptor: packets.writing)
        let isOver = hold(lines)
        lines.add(line(10), level: .info)
        #expect(packets.next(timeout: 50) == nil)
        lines.add(line(20), level: .error)
        #expect(packets.next() == 30)
        lines.add(line(10), level: .info)
        lines.end()
        #expect(packets.next() == 10)
        isOver.signal()
    }

    @Test func `no write of several lines is longer than a pipe takes as a whole`() {
        let packets = Packets()
        let lines = LogLines(descriptor: packets.writing)
        let isOver = hold(lines)
        lines.add(line(4000), level: .info)
        lines.add(line(96), level: .info)
        lines.add(line(1), level: .info)
        #expect(packets.next() == 4096)
        lines.add(line(4000), level: .info)
        #expect(packets.next(timeout: 50) == nil)
        lines.end()
        #expect(packets.next() == 4001)
        isOver.signal()
    }
}
