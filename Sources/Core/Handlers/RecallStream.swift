import HTTPTypes
import Synchronization

/// Writes one conversation turn by turn, so that however large it is a reader holds little of it, however slow it is.
struct RecallStream: Sendable {
    /// Conversations up to this size are written by whoever asks for them; larger ones have their turn.
    private static let small = 256 << 10
    /// How many bytes of turns become one piece, at least one turn.
    private static let pieceSize = 64 << 10

    /// How long the beginning waits for its turn.
    private static let timeout = Duration.seconds(15)

    let file: ConversationFile
    let turns: ArraySlice<ConversationFile.Place>
    let format: RecallFormat
    let pages: HTMLPage
    /// Whose turn is waited for.
    let caller: String

    /// A response whose status is settled once the first piece is at hand.
    func response(headers: HTTPFields) async throws -> Response {
        let beginning = Mutex<Piece?>(try await piece(after: nil))
        let body: Response.Body = .stream { writer in
            // Nobody else holds it then while a slow reader takes it.
            guard var piece = beginning.withLock({ $0.take() }) else { return }
            while true {
                let (rest, hasTurn) = (piece.rest, piece.hasTurn)
                try await writer.write(piece.bytes)
                if rest.isEmpty { return }
                piece = try await self.piece(after: (rest, hasTurn))
            }
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private struct Piece: Sendable {
        var bytes: [UInt8]
        /// Whether there was a turn in it or before it.
        var hasTurn: Bool
        /// What comes behind it.
        var rest: ArraySlice<ConversationFile.Place>
    }

    /// The piece with which `rest` begins; nil begins the conversation.
    private func piece(after last: (rest: ArraySlice<ConversationFile.Place>, hasTurn: Bool)?) async throws -> Piece {
        let rest = last?.rest ?? turns
        let part = rest.prefix(Self.count(of: rest))
        return try await run(isFirst: last == nil) {
            try piece(of: part, before: rest.dropFirst(part.count), isFirst: last == nil, last?.hasTurn ?? false)
        }
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
        of part: ArraySlice<ConversationFile.Place>, before rest: ArraySlice<ConversationFile.Place>, isFirst: Bool,
        _ isContinued: Bool
    ) throws -> Piece {
        var piece = Piece(
            bytes: isFirst ? try format.head(of: file, pages: pages) : [], hasTurn: isContinued, rest: rest)
        for place in part {
            guard let turn = try file.turn(at: place) else { continue }
            piece.bytes += format.piece(of: turn, isFirst: !piece.hasTurn)
            piece.hasTurn = true
        }
        if rest.isEmpty { piece.bytes += format.tail(of: file, pages: pages) }
        return piece
    }

    private func run(isFirst: Bool, _ work: @escaping @Sendable () throws -> Piece) async throws -> Piece {
        if turns.reduce(0, { $0 + $1.size }) <= Self.small { return try work() }
        // Once the status is out nothing else can be told.
        return try await WorkLane.shared.runPart(for: caller, refusedAfter: isFirst ? Self.timeout : nil, work)
    }
}
