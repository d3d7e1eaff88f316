/// What is to change of a user; what is nil stays as it is.
package struct UserChange: Sendable, Equatable {
    /// What is to change of a user's keys.
    package enum Keys: Sendable, Equatable {
        /// - Parameter most: How many may work afterwards.
        case add(User.Key, most: Int = .max)
        /// Puts a key in place of the one of its id, if that is still as it was read.
        case edit(User.Key, to: User.Key)
        case revoke(User.Key.ID)
        /// The new key takes the place of all others.
        case rotate(to: User.Key)
    }

    /// What is to change of the groups that a user is in.
    package enum Groups: Sendable, Equatable {
        case set([Group.ID])
        case join(Group.ID)
        case leave(Group.ID)
    }

    /// Why a change was not made.
    package enum Refusal: Error, Sendable, Equatable {
        case tooManyKeys
        case keyNameTaken
        case keyAbsent
        /// Somebody else changed it meanwhile.
        case keyOvertaken
        case groupAbsent(Group.ID)
        case tooManyGroups
    }

    package var username: String?
    package var hasPlus: Bool?
    package var isDisabled: Bool?
    package var keys: Keys?
    package var groups: Groups?
    /// In place of all that were set.
    package var limits: Limits?
    package var userLimits: Limits?
    /// One more raise; those that have ended go.
    package var raise: LimitRaise?

    package init(
        username: String? = nil, hasPlus: Bool? = nil, isDisabled: Bool? = nil, keys: Keys? = nil,
        groups: Groups? = nil, limits: Limits? = nil, userLimits: Limits? = nil, raise: LimitRaise? = nil
    ) {
        self.username = username
        self.hasPlus = hasPlus
        self.isDisabled = isDisabled
        self.keys = keys
        self.groups = groups
        self.limits = limits
        self.userLimits = userLimits
        self.raise = raise
    }

    package var isEmpty: Bool { self == UserChange() }

    /// How many groups a user may be in.
    package static let mostGroups = 32
    /// So many keys that have expired stay listed, so that their holders are told why they do not work.
    static let mostExpiredKeys = 20

    func apply(to user: inout User, at time: Timestamp) throws(Refusal) {
        if let username { user.username = username }
        if let hasPlus { user.hasPlus = hasPlus }
        if let isDisabled { user.isDisabled = isDisabled }
        if let limits { user.limits = limits }
        if let userLimits { user.userLimits = userLimits }
        if let raise { user.raises = user.raises.filter { $0.until > time } + [raise] }
        if let keys { try keys.apply(to: &user.keys, at: time) }
        if let groups { try groups.apply(to: &user.groups) }
    }
}

extension UserChange.Keys {
    fileprivate func apply(to keys: inout [User.Key], at time: Timestamp) throws(UserChange.Refusal) {
        switch self {
        case .add(let key, let most):
            guard keys.count(where: { !$0.isExpired(at: time) }) < most else { throw .tooManyKeys }
            try Self.checkName(of: key, among: keys)
            keys.append(key)
            let expired = keys.filter { $0.isExpired(at: time) }
            let byEnd = expired.sorted { ($0.expiresAt ?? time) < ($1.expiresAt ?? time) }
            let surplus = Set(byEnd.dropLast(UserChange.mostExpiredKeys).map(\.id))
            keys.removeAll { surplus.contains($0.id) }
        case .edit(let before, let after):
            guard let index = keys.firstIndex(where: { $0.id == before.id }) else { throw .keyAbsent }
            guard keys[index] == before else { throw .keyOvertaken }
            try Self.checkName(of: after, among: keys)
            keys[index] = after
        case .revoke(let id):
            guard keys.contains(where: { $0.id == id }) else { throw .keyAbsent }
            keys.removeAll { $0.id == id }
        case .rotate(let key): keys = [key]
        }
    }

    private static func checkName(of key: User.Key, among keys: [User.Key]) throws(UserChange.Refusal) {
        let isTaken = keys.contains { $0.id != key.id && $0.name.utf8.elementsEqual(key.name.utf8) }
        if isTaken { throw .keyNameTaken }
    }
}

extension UserChange.Groups {
    /// The groups that it makes a user a member of.
    var joined: [Group.ID] {
        switch self {
        case .set(let groups): groups
        case .join(let group): [group]
        case .leave: []
        }
    }

    fileprivate func apply(to groups: inout [Group.ID]) throws(UserChange.Refusal) {
        switch self {
        case .set(let wanted): groups = wanted.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        case .join(let group): if !groups.contains(group) { groups.append(group) }
        case .leave(let group): groups.removeAll { $0 == group }
        }
        guard groups.count <= UserChange.mostGroups else { throw .tooManyGroups }
    }
}
