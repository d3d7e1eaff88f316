/// Writes one conversation turn by turn, so that however large it is a reader holds little of it, however slow it is.
struct RecallStream: Sendable {
    /// Conversations up to this size are written by whoever asks for them; larger ones have their turn.
    private static let small = 256 << 10
    /// How many bytes of turns become one piece, at least one turn.
    private static let pieceSize = 64 << 10

    /// How long the beginning waits for its turn.
    private static let patience = Duration.seconds(15)

    let file: ConversationFile
    let turns: ArraySlice<ConversationFile.Place>
    let format: RecallFormat
    let pages: HTMLPage
    /// Whose turn is waited for.
    let caller: String

    func write(to writer: any BodyWriter) async throws {
        let isSmall = turns.reduce(0) { $0 + $1.size } <= Self.small
        var rest = turns
        var isFirst = true
        var hasTurn = false
        repeat {
            let part = rest.prefix(Self.count(of: rest))
            rest = rest.dropFirst(part.count)
            let (isBeginning, isEnd, isContinued) = (isFirst, rest.isEmpty, hasTurn)
            let piece = try await run(isSmall: isSmall, isBeginning) {
                try self.piece(of: part, isFirst: isBeginning, isLast: isEnd, isContinued: isContinued)
            }
            hasTurn = piece.hasTurn
            try await writer.write(piece.bytes)
            isFirst = false
        } while !rest.isEmpty
    }

    private struct Piece: Sendable {
        var bytes: [UInt8]
        /// Whether there was a turn in it or before it.
        var hasTurn: Bool
    }

    /// How many of `turns` become one piece.
    private static func count(of turns: ArraySlice<ConversationFile.Place>) -> Int {
        var (count, size) = (0, 0)
        for place in turns {
            if count > 0, size + place.size > Self.pieceSize { break }
            count += 1
            size += place.size
        }
        return count
    }

    private func piece(
        of part: ArraySlice<ConversationFile.Place>, isFirst: Bool, isLast: Bool, isContinued: Bool
    ) throws -> Piece {
        var piece = Piece(bytes: isFirst ? try format.head(of: file, pages: pages) : [], hasTurn: isContinued)
        for place in part {
            guard let turn = try file.turn(at: place) else { continue }
            piece.bytes += format.piece(of: turn, isFirst: !piece.hasTurn)
            piece.hasTurn = true
        }
        if isLast { piece.bytes += format.tail(of: file, pages: pages) }
        return piece
    }

    private func run(
        isSmall: Bool, _ isFirst: Bool, _ work: @escaping @Sendable () throws -> Piece
    ) async throws -> Piece {
        if isSmall { return try work() }
        let end = ContinuousClock.now + Self.patience
        while true {
            do { return try await WorkLane.shared.run(for: caller, mostOfCaller: WorkLane.mostParts, work) } catch let
                error as GatewayError
                where error.code == .rateLimited
            {
                // Other readers of the same caller go first. Once the status is out nothing else can be told.
                if isFirst, ContinuousClock.now > end { throw error }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
