/// Whom or what a limit is about.
package struct LimitSubject: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case user
        /// A client with all its users.
        case client
        case key
        /// A group with all its members.
        case group
        /// One member of a group, in what it asks for on the group's account.
        case member
        case model
        case pool
        case account
    }

    package let kind: Kind
    /// Unique among those of its kind: of people what ``User/ledgerID`` says.
    package let name: String

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// Names it in tables; never zero.
    var digest: UInt64 { Hex.sha256Word("\(kind.rawValue)\0\(name)") }
}
