import Glibc

extension JSONFileStore {
    package func findUsers(_ query: UserQuery) throws(StoreError) -> UserPage {
        // It may have to read many records, and comparing takes as long as there are users.
        try aside { () throws(StoreError) in
            let removals = Set(try Directory.names(in: layout.removals).filter { $0.hasSuffix(".json") })
            // Users of clients that are gone already and take them along.
            let isLeaving = { (id: User.ID, ownerNumber: Int?) -> Bool in
                let client = User.ID(owner: User.selfOwner, userID: id.owner)
                return removals.contains("\(ArchiveID(of: client, number: ownerNumber).digest).json")
            }
            let found = try directory.page(
                query, layout, { path throws(StoreError) in try record(path) },
                without: removals.isEmpty ? nil : isLeaving)
            var users: [User] = []
            for one in found.found {
                do throws(StoreError) {
                    if let user = try user(one.id) { users.append(user) }
                } catch { guard error.kind == .corrupt else { throw error } }
            }
            return UserPage(users: users, total: found.total, next: found.hasMore ? found.found.last?.place : nil)
        }
    }

    /// Reads all users before the first search asks for them.
    func prepareSearch() {
        // Of this thread alone: on Linux threads have their own (setpriority(2)).
        setpriority(Int32(PRIO_PROCESS.rawValue), 0, 10)
        do throws(StoreError) {
            try directory.update(layout) { path throws(StoreError) in try record(path) }
        } catch { log.error("the users could not be read for searches", metadata: ["error": "\(error)"]) }
    }

    /// The user in a record; nil where it is gone, or cannot be read, which hides nobody else.
    private func record(_ path: String) throws(StoreError) -> User? {
        do throws(StoreError) {
            guard let json = try read(path) else { return nil }
            if let user = User(record: json) { return user }
        } catch { guard error.kind == .corrupt else { throw error } }
        log.error("a user's record cannot be read", metadata: ["path": "\(path)"])
        return nil
    }
}
