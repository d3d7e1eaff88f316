/// What a search asks of a user beside its names.
///
/// Those stand in a text: user id, owner, and id and name as ``Text/folded(_:)`` has them, each with a NUL behind it.
struct UserFacts: Sendable {
    let createdAt: Int64
    let ownerNumber: Int?
    let role: User.Role
    let hasPlus: Bool
    let isDisabled: Bool
    /// Where the folded id and the folded name begin in the text.
    private let folded: (id: Int, name: Int)

    init(_ user: User) {
        createdAt = user.createdAt.microsecondsSinceEpoch
        ownerNumber = user.ownerNumber
        role = user.role
        hasPlus = user.hasPlus
        isDisabled = user.isDisabled
        let id = user.id.userID.utf8.count + user.id.owner.utf8.count + 2
        folded = (id, id + Text.folded(user.id.userID).count + 1)
    }

    static func text(of user: User) -> [UInt8] {
        var text: [UInt8] = []
        for part in [Array(user.id.userID.utf8), Array(user.id.owner.utf8)] { text += part + [0] }
        for name in [user.id.userID, user.username] { text += Text.folded(name).filter { $0 != 0 } + [0] }
        return text
    }

    static func id(in text: ArraySlice<UInt8>) -> User.ID {
        let parts = text.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        return User.ID(
            owner: String(decoding: parts[1], as: UTF8.self), userID: String(decoding: parts[0], as: UTF8.self))
    }

    /// - Parameter words: Each folded.
    func matches(_ query: UserQuery, _ words: [[UInt8]], in text: ArraySlice<UInt8>) -> Bool {
        if !query.roles.isEmpty, !query.roles.contains(role) { return false }
        if let wanted = query.hasPlus, wanted != hasPlus { return false }
        if let wanted = query.isDisabled, wanted != isDisabled { return false }
        if let owner = query.owner {
            guard owner.number == ownerNumber else { return false }
            // What is asked for may be longer than both ids of this user.
            let start = folded.id - owner.userID.utf8.count - 2
            guard start >= 0 else { return false }
            let place = text.dropFirst(start).prefix(owner.userID.utf8.count + 1)
            guard place.first == 0, place.dropFirst().elementsEqual(owner.userID.utf8) else { return false }
        }
        let names = text.dropFirst(folded.id)
        return words.allSatisfy { names.firstIndex(of: $0) != nil }
    }

    func place(_ mark: UserMark, in text: ArraySlice<UInt8>, by sort: UserQuery.Sort) -> UserPlace {
        switch sort {
        case .createdAt: UserPlace(number: createdAt, bytes: [], user: mark)
        case .userID:
            UserPlace(number: 0, bytes: text.dropFirst(folded.id).prefix(folded.name - folded.id - 1), user: mark)
        case .username: UserPlace(number: 0, bytes: text.dropFirst(folded.name).dropLast(), user: mark)
        }
    }
}

/// The first users of a page, of however many are given to it.
struct BestUsers {
    /// In order; one more than is shown tells whether there are more.
    private(set) var users: [(place: UserPlace, text: ArraySlice<UInt8>)] = []
    /// How many were given.
    private(set) var total = 0
    private let query: UserQuery

    init(_ query: UserQuery) { self.query = query }

    mutating func take(_ place: UserPlace, _ text: ArraySlice<UInt8>) {
        total += 1
        if let after = query.after, !isBefore(after, place) { return }
        if users.count > query.limit, let last = users.last, !isBefore(place, last.place) { return }
        var (low, high) = (0, users.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(users[middle].place, place) { low = middle + 1 } else { high = middle }
        }
        users.insert((place, text), at: low)
        if users.count > query.limit + 1 { users.removeLast() }
    }

    private func isBefore(_ one: UserPlace, _ other: UserPlace) -> Bool {
        query.isAscending ? one < other : other < one
    }
}
