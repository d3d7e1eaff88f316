import Glibc

/// The lines of a conversation are overwritten where they stand. Which ones stands in `removals/` first, so that a
/// removal that was cut off is finished by whoever starts or sweeps next.
extension JSONFileStore {
    package func removeConversation(_ id: Conversation.ID, of archive: ArchiveID) throws(StoreError) -> Bool {
        let files = layout.archive(archive)
        guard Directory.exists(files.directory) else { return false }
        return try files.lock.withLock { () throws(StoreError) in
            guard let last = try files.last(of: id, isLocked: true) else { return false }
            var places: [LinePlace] = []
            let end = try files.chain(to: last, isWhole: false) { one, _ in places.append(one.place) }
            if end == .damaged { places = try files.lines(of: id).reversed().map(\.place) }
            let pending = layout.removal(of: id, in: archive)
            try AtomicFile.write(Self.record(id, files, places, layout).bytes, to: pending, durable: isDurable)
            do throws(StoreError) { try beginBlanking(places, of: files) } catch {
                // A write may have failed when its first bytes were written.
                if (try? files.isRemoved(last.place)) != true { try takeBack(pending, after: error) }
            }
            // The conversation is gone. What fails from here on the next sweep does, so it is logged and not told.
            do throws(StoreError) {
                try files.blank(places, durable: isDurable)
                try blank(try straggling(id, in: files), of: files)
                try files.list.remove(id)
                try Directory.removeFile(pending, durably: false)
            } catch {
                guard error.kind != .outcomeUnknown else { throw error }
                log.error("the removal of a conversation goes on later", metadata: ["error": "\(error)"])
            }
            return true
        }
    }

    /// Gives a removal up of which nothing has happened yet.
    ///
    /// - Throws: `error`; that nobody knows what will be where the note of it stays, by which a sweep would go on.
    private func takeBack(_ pending: String, after error: StoreError) throws(StoreError) -> Never {
        do throws(StoreError) { try Directory.removeFile(pending, durably: isDurable) } catch {
            throw StoreError(.outcomeUnknown, "take back", path: pending)
        }
        throw error
    }

    /// The last line goes first, by which the conversation is found.
    private func blank(_ places: [LinePlace], of files: Archive) throws(StoreError) {
        guard !places.isEmpty else { return }
        try beginBlanking(places, of: files)
        try files.blank(places, durable: isDurable)
    }

    private func beginBlanking(_ places: [LinePlace], of files: Archive) throws(StoreError) {
        guard let last = places.first else { return }
        if isDurable { try journals.removals.note(layout.relative(files.directory), lines: places) }
        try files.blank([last], durable: false)
    }

    /// Lines that were appended while the others were removed.
    private func straggling(_ id: Conversation.ID, in files: Archive) throws(StoreError) -> [LinePlace] {
        var places: [LinePlace] = []
        try files.viewAsItIs().lines { bytes, place throws(StoreError) in
            if ArchiveLine.mayConcern(Array(id.utf8), bytes), ArchiveLine(whole: bytes, at: place)?.conversation == id {
                places.append(place)
            }
        }
        return places
    }

    private static func record(
        _ id: Conversation.ID, _ files: Archive, _ places: [LinePlace], _ layout: StateLayout
    ) -> JSON {
        [
            "directory": JSON(layout.relative(files.directory)), "conversation": JSON(id),
            "lines": .array(places.map(\.json)),
        ]
    }

    /// Goes on with the removals of conversations that were cut off.
    func finishBlanking() {
        do throws(StoreError) {
            for name in try Directory.names(in: layout.removals) where name.hasSuffix(".lines") {
                try finishBlanking("\(layout.removals)/\(name)")
            }
        } catch {
            log.error("the removal of a conversation could not be finished", metadata: ["error": "\(error)"])
        }
    }

    private func finishBlanking(_ path: String) throws(StoreError) {
        guard let record = try read(path), let directory = record["directory"]?.string,
            let id = record["conversation"]?.string,
            let digest = directory.split(separator: "/").last
        else { return }
        let files = layout.archive("\(layout.root)/\(directory)", String(digest))
        try files.lock.withLock { () throws(StoreError) in
            // Whoever began it may have finished it meanwhile.
            guard Directory.exists(path) else { return }
            let places = (record["lines"]?.array ?? []).compactMap { LinePlace($0) }
            var left: [LinePlace] = []
            for place in places where ArchiveLine.mayConcern(Array(id.utf8), try files.bytes(at: place)[...]) {
                left.append(place)
            }
            try blank(left, of: files)
            try blank(try straggling(id, in: files), of: files)
            try Directory.removeFile(path, durably: false)
        }
    }
}
