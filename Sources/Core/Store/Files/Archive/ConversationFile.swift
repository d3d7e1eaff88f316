/// A conversation whose turns are read when they are wanted.
///
/// What was stored when it is opened is what it holds: later turns are not seen. What is removed meanwhile is passed over.
package final class ConversationFile: Sendable {
    /// Where a turn stands.
    package struct Place: Sendable {
        package let id: String
        let place: LinePlace
        /// In bytes.
        package var size: Int { place.size }
    }

    /// Everything but the turns.
    package let conversation: Conversation
    package let turns: [Place]
    private let archive: Archive

    init(_ archive: Archive, _ conversation: Conversation, _ lines: [Archive.Found]) {
        self.archive = archive
        self.conversation = conversation
        turns = lines.compactMap { one in one.line.turnID.map { Place(id: $0, place: one.place) } }
    }

    /// The turn at `place`; nil for a line that is corrupt.
    package func turn(at place: Place) throws(StoreError) -> Turn? {
        ArchiveLine.turn(in: try archive.bytes(at: place.place)[...])
    }
}
