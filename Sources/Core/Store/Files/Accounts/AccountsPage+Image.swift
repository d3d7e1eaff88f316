import CLinux
import Glibc

extension AccountsPage {
    /// What a new page holds: rounds and counters of the one before, as far as they can be read; nothing in flight.
    struct Image {
        /// The counters that the version before kept of an account, by the digest of its id.
        struct Counters {
            var digest: String
            var requests: Int
            var errors: Int
        }

        private(set) var bytes: [UInt8]
        private var entries = 0

        init(of old: [UInt8], legacy: [Counters]) {
            bytes = [UInt8](repeating: 0, count: AccountsPage.entriesStart)
            var head = AccountsPage.Head()
            // Another layout tells nothing; one that is cut off may have lost its end only.
            if let before = Self.load(old, at: 0, AccountsPage.Head()), before.magic == AccountsPage.magic {
                head.clock = before.clock
                let rounds = AccountsPage.roundsStart..<AccountsPage.entriesStart
                if old.count >= rounds.upperBound { bytes.replaceSubrange(rounds, with: old[rounds]) }
                takeEntries(of: old)
            }
            for one in legacy { append(one) }
            head.magic = AccountsPage.magic
            head.count = UInt32(entries)
            let room = entries + AccountsPage.growth - entries % AccountsPage.growth
            head.capacity = UInt32(min(room, AccountsPage.mostEntries))
            let missing = AccountsPage.entriesStart + Int(head.capacity) * AccountsPage.entrySize - bytes.count
            bytes.append(contentsOf: [UInt8](repeating: 0, count: missing))
            withUnsafeBytes(of: head) { bytes.replaceSubrange(0..<$0.count, with: $0) }
        }

        private mutating func takeEntries(of old: [UInt8]) {
            for start in stride(from: AccountsPage.entriesStart, to: old.count, by: AccountsPage.entrySize) {
                guard let entry = Self.load(old, at: start, AccountsPage.Entry()), !entry.name.isNone,
                    entry.check == entry.name.check
                else { continue }
                var kept = AccountsPage.Entry()
                kept.name = entry.name
                kept.check = entry.check
                kept.requests = entry.requests
                kept.errors = entry.errors
                kept.used_at = entry.used_at
                append(kept)
            }
        }

        private mutating func append(_ counters: Counters) {
            var entry = AccountsPage.Entry()
            entry.name = AccountsPage.Name(counters.digest)
            entry.check = entry.name.check
            entry.requests = UInt64(max(0, counters.requests))
            entry.errors = UInt64(max(0, counters.errors))
            append(entry)
        }

        private mutating func append(_ entry: AccountsPage.Entry) {
            guard entries < AccountsPage.mostEntries else { return }
            withUnsafeBytes(of: entry) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: [UInt8](repeating: 0, count: AccountsPage.entrySize - 64))
            entries += 1
        }

        /// Whether the file can be mapped and used as it is.
        static func isWhole(_ file: borrowing File) throws(StoreError) -> Bool {
            let bytes = try file.read(at: 0, count: MemoryLayout<AccountsPage.Head>.size)
            guard let head = load(bytes, at: 0, AccountsPage.Head()), head.magic == AccountsPage.magic,
                head.is_ready == 1, head.count <= head.capacity, head.capacity <= AccountsPage.mostEntries
            else { return false }
            return try file.size >= AccountsPage.entriesStart + Int(head.capacity) * AccountsPage.entrySize
        }

        /// The bytes from `start` on as a structure of C, of which `empty` is one.
        private static func load<Part>(_ bytes: [UInt8], at start: Int, _ empty: Part) -> Part? {
            guard start + MemoryLayout<Part>.size <= bytes.count else { return nil }
            var part = empty
            withUnsafeMutableBytes(of: &part) { $0.copyBytes(from: bytes[start..<(start + $0.count)]) }
            return part
        }
    }
}
