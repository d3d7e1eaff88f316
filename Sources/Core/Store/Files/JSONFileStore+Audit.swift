extension JSONFileStore {
    /// Appends `entry` with its number, time and the SHA-256 of the line before it, so that a change or a gap shows.
    package func audit(_ entry: JSONObject) throws(StoreError) {
        try layout.lock("audit", "00").withLock { () throws(StoreError) in
            var last: JSON?
            try AppendLog.readBackwards(layout.audit) { line in
                last = line
                return false
            }
            var line = JSONObject()
            line["number"] = JSON((last?["number"]?.int ?? 0) + 1)
            line["at"] = JSON(Timestamp.now.rfc3339)
            line["previous"] = JSON(last.map { Hex.sha256(ChecksummedLine.encode($0)) } ?? "")
            for member in entry.members { line[member.name] = member.value }
            if Directory.exists(layout.audit) {
                try AppendLog.append([.object(line)], to: layout.audit, durable: isDurable)
            } else {
                try create(layout.audit, [.object(line)])
            }
        }
    }

    /// Checks the audit log's chain; nothing there is a whole chain of no lines.
    package func verifyAudit() throws(StoreError) -> (lines: Int, break: AuditChain.Break?) {
        guard let file = try File.reading(layout.audit) else { return (0, nil) }
        return AuditChain.verify(try file.readAll())
    }
}
