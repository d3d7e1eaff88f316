@testable import Core

extension Store {
    /// Stores the last turn of `conversation`, or all of it where it is new.
    func appendTurn(of conversation: Conversation, of archive: ArchiveID) async throws -> Bool {
        try await finish(TurnEnd(of: conversation, in: archive))
    }
}

extension JSONFileStore {
    /// Puts a conversation into an archive of which nobody noted whose it is, as of a version before.
    func write(_ conversation: Conversation, of archive: ArchiveID) throws {
        let files = layout.archive(archive)
        try Directory.create(files.directory)
        _ = try writer.append(Archive.lines(of: TurnEnd(of: conversation, in: archive), after: nil), to: files)
    }

    /// The only log of an archive.
    func log(of archive: ArchiveID) -> String { layout.archive(archive).path(ofLog: 0) }

    /// Overwrites the first place where `text` stands in a file.
    static func spoil(_ text: String, with other: String, in path: String) throws {
        let file = try File(path, 2)
        let bytes = try file.readAll()
        guard let place = bytes.firstRange(of: Array(text.utf8)) else { throw StoreError(.corrupt, "find", path: path) }
        try file.write(Array(other.utf8), at: place.lowerBound)
    }
}
