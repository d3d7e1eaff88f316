/// Where a line stands in the logs of an archive.
struct LinePlace: Sendable, Hashable {
    var log: Int
    var offset: Int
    /// In bytes, with the line feed.
    var size: Int

    var json: JSON { [JSON(log), JSON(offset), JSON(size)] }

    init(log: Int, offset: Int, size: Int) {
        self.log = log
        self.offset = offset
        self.size = size
    }

    /// - Parameter json: `[log, offset, size]`, or `[size]` for the line right before the one at `place`.
    init?(_ json: JSON?, from place: LinePlace? = nil) {
        let numbers = json?.array?.compactMap(\.int) ?? []
        if numbers.count == 1, let place {
            let (offset, isBeyond) = place.offset.subtractingReportingOverflow(numbers[0])
            guard !isBeyond else { return nil }
            self.init(log: place.log, offset: offset, size: numbers[0])
        } else if numbers.count == 3 {
            self.init(log: numbers[0], offset: numbers[1], size: numbers[2])
        } else {
            return nil
        }
        guard log >= 0, offset >= 0, size > 0 else { return nil }
    }

    /// What stands there after the line was removed: a line of spaces, which readers pass over.
    var blank: [UInt8] { [UInt8](repeating: 0x20, count: size - 1) + [0x0A] }

    /// Whether bytes are those of a removed line; whole blocks of them may have become holes, which read as zeros.
    static func isBlank(_ bytes: some Sequence<UInt8>) -> Bool {
        bytes.allSatisfy { $0 == 0x20 || $0 == 0 || $0 == 0x0A }
    }
}

extension Conversation.Tail {
    var place: LinePlace { LinePlace(log: log, offset: offset, size: size) }
}
