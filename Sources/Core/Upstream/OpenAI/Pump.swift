import Glibc

/// Hands plain chunks on to the caller on the loop, as they come, while the reply's task goes on waiting.
///
/// A piece of the body goes this way if it consists of whole events that ``PlainDelta`` knows, keeps to the limits, and
/// if the caller's socket takes all of it at once. Every other piece is left to the task as if there were no pump, with
/// nothing changed: so whatever is not plain text has its rules there alone.
struct Pump {
    /// For measurements and comparisons: `CHATGPT_API_SERVER_PUMP=off` leaves every piece to the task.
    private static let isOn = getenv("CHATGPT_API_SERVER_PUMP").map { String(cString: $0) } != "off"

    /// Sends all of its bytes at once, on the loop; false where it sends nothing.
    typealias Send = (_ bytes: [UInt8]) -> Bool

    /// When the last piece was handed on; nil if none was since ``begin()``.
    private(set) var lastPass: ContinuousClock.Instant?
    /// What stands in place of the brace that opens a chunk.
    private let opening: [UInt8]
    private let showsUsage: Bool
    private let send: Send
    /// Kept for their memory.
    private var output: [UInt8] = []
    private var found: [(delta: PlainDelta, chunk: UnsafeBufferPointer<UInt8>)] = []

    /// - Parameter opening: The brace and the members that go before those of each chunk, with a comma behind them.
    init?(opening: [UInt8], showsUsage: Bool, send: @escaping Send) {
        guard Self.isOn else { return nil }
        self.opening = "data: ".utf8 + opening
        self.showsUsage = showsUsage
        self.send = send
    }

    mutating func begin() { lastPass = nil }

    /// Hands a piece on and notes it.
    ///
    /// - Returns: False where the task must have it.
    mutating func pass(
        _ piece: UnsafeRawBufferPointer, _ collected: inout CollectedReply, _ meter: inout ReplyMeter,
        at now: ContinuousClock.Instant = .now
    ) -> Bool {
        defer {
            output.removeAll(keepingCapacity: true)
            found.removeAll(keepingCapacity: true)
        }
        guard let gained = scan(piece.assumingMemoryBound(to: UInt8.self)) else { return false }
        var measured = meter
        do throws(UpstreamError) { try measured.note(piece.count, content: gained, at: now) } catch { return false }
        guard send(output) else { return false }
        meter = measured
        lastPass = now
        for (delta, chunk) in found { collected.add(delta, of: chunk) }
        return true
    }

    /// Makes of a piece what the caller gets; how many bytes of the reply it brings, nil where it is not plain.
    private mutating func scan(_ piece: UnsafeBufferPointer<UInt8>) -> Int? {
        var gained = 0
        var rest = piece[...]
        while !rest.isEmpty {
            // A scanned text has no line ends in it, so the first is that of the event.
            guard let end = rest.firstIndex(of: 0x0A), end + 1 < rest.endIndex, rest[end + 1] == 0x0A,
                let start = Self.dataStart(in: rest[..<end])
            else { return nil }
            let chunk = UnsafeBufferPointer(rebasing: piece[start..<end])
            guard let delta = PlainDelta(chunk) else { return nil }
            add(chunk, delta)
            gained += delta.size
            found.append((delta, chunk))
            rest = rest[(end + 2)...]
        }
        return found.isEmpty ? nil : gained
    }

    /// Where the value of a `data:` line begins.
    private static func dataStart(in line: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        guard line.starts(with: "data:".utf8) else { return nil }
        let start = line.startIndex + 5
        return start < line.endIndex && line[start] == 0x20 ? start + 1 : start
    }

    private mutating func add(_ chunk: UnsafeBufferPointer<UInt8>, _ delta: PlainDelta) {
        output += opening
        if !showsUsage, let usage = delta.emptyUsage {
            output += chunk[1..<usage.lowerBound]
            output += chunk[usage.upperBound...]
        } else {
            output += chunk[1...]
        }
        output.append(0x0A)
        output.append(0x0A)
    }
}
