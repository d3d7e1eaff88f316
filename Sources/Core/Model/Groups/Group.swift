/// People who have something in common, such as a department or a course: what its members may do, and who pays.
package struct Group: Sendable, Equatable {
    package typealias ID = String

    package enum Kind: String, Sendable, CaseIterable { case group, course }

    /// What is kept of its members' conversations.
    package enum Archive: String, Sendable, CaseIterable { case full, metadata, none }

    /// Where the accounts are that may be used.
    package enum Location: String, Sendable, CaseIterable { case local, external }

    /// Somebody who invites and removes members, and sees what they use, but never their conversations.
    package struct Owner: Sendable, Equatable {
        package var user: User.ID
        /// The user's number, so that whoever gets the id next owns nothing.
        package var number: Int?

        package init(_ user: User) { (self.user, number) = (user.id, user.number) }

        init(user: User.ID, number: Int?) { (self.user, self.number) = (user, number) }
    }

    /// A time in which something is allowed or stopped.
    package struct Window: Sendable, Equatable {
        package enum Action: String, Sendable, CaseIterable { case allow, pause }

        package var from: Timestamp
        package var until: Timestamp
        package var action: Action
    }

    package let id: ID
    package var name: String
    package var kind = Kind.group
    package var owners: [Owner] = []
    /// The values of single sign-on that make somebody a member.
    package var ssoValues: [String] = []
    /// Empty: all.
    package var models: [String] = []
    /// Whether members may use plus accounts.
    package var hasPlus = false
    /// What all members together may use.
    package var limits = Limits()
    /// What each member may use who has no limits of its own.
    package var memberLimits = Limits()
    package var costCenter: String?
    package var validFrom: Timestamp?
    package var validUntil: Timestamp?
    package var archive = Archive.full
    package var retentionDays: Int?
    /// Empty: all.
    package var locations: [Location] = []
    package var windows: [Window] = []
    package var createdAt: Timestamp
    /// Whether it is being removed: nobody can join it, and it gives no rights.
    var isRemoved = false
    /// Members of the record that this version does not know.
    var others = JSONObject()

    package init(id: ID, name: String? = nil, createdAt: Timestamp = .now) {
        self.id = id
        self.name = name ?? id
        self.createdAt = createdAt
    }

    package static let idRule = "\(Identifier.rule), without a dot at its beginning"

    package static func isValidID(_ text: String) -> Bool { Identifier.isValid(text) && !text.hasPrefix(".") }

    package func isValid(at time: Timestamp) -> Bool {
        !isRemoved && validFrom.map { $0 <= time } ?? true && validUntil.map { time < $0 } ?? true
    }

    package func isOwned(by user: User) -> Bool {
        owners.contains { $0.user == user.id && $0.number == user.number }
    }
}

extension User {
    /// Of the groups that are there, those of the user that are valid at a moment, in the user's order.
    ///
    /// - Parameter found: The groups that were looked for, each nil where it is not there.
    func valid(_ found: [Group], at time: Timestamp) -> [Group] {
        groups.compactMap { id in found.first { $0.id == id && $0.isValid(at: time) } }
    }

    /// Whether the user is in groups and none of them is valid; groups never keep an admin out.
    func hasEnded(validGroups: [Group]) -> Bool { role != .admin && !groups.isEmpty && validGroups.isEmpty }
}
