/// A thread of turns between one user and one upstream account.
package struct Conversation: Sendable, Equatable {
    package typealias ID = String

    /// Who answers in a conversation; fixed by its first turn.
    package enum Origin: Sendable, Equatable {
        case account(Account.ID)
        /// A caller's own access token, by the upstream's id of its user. The token itself is never stored.
        case accessToken(upstreamUser: String)
    }

    /// By what a caller names a conversation of its own.
    package enum Name: Sendable, Equatable {
        case id(ID)
        /// The digest of its messages up to now.
        case thread(String)
        /// What the caller calls it.
        case key(String)
    }

    package var id: ID
    package var title: String
    package var createdAt: Timestamp
    package var origin: Origin
    /// The system prompt that the first turn gave.
    package var system: String?
    /// The upstream's own id of the thread, where it has one.
    package var upstreamID: String?
    package var turns: [Turn]
    /// Members of the header that this version does not know.
    package var unknown = JSONObject()
    /// Where a store keeps what it read or stored last of it; nil where nothing is stored.
    package var tail: Tail?

    /// The end of a conversation as a store left it, which its next turn follows.
    package struct Tail: Sendable {
        var log: Int
        var offset: Int
        var size: Int
        var sequence: Int
        var turns: Int
        var bytes: Int
        var turnID: String?
        /// Nil where it was not read.
        var head: JSONObject?
    }

    package init(
        id: ID = Identifier.random(), title: String = "", createdAt: Timestamp = .now, origin: Origin,
        system: String? = nil, upstreamID: String? = nil, turns: [Turn] = []
    ) {
        self.id = id
        self.title = title
        self.createdAt = createdAt
        self.origin = origin
        self.system = system
        self.upstreamID = upstreamID
        self.turns = turns
    }

    /// Whether its last turn is the first that was asked here, so that nothing of it is stored yet.
    package var isNew: Bool { turns.firstIndex { !$0.extras.isGiven } == turns.endIndex - 1 }

    package var updatedAt: Timestamp { turns.last?.startedAt ?? createdAt }

    /// What the list of a user's conversations shows.
    package struct Summary: Sendable, Equatable {
        package var id: ID
        package var title: String
        package var createdAt: Timestamp
        package var updatedAt: Timestamp
        /// Number of turns.
        package var turns: Int
    }

    package var summary: Summary {
        Summary(id: id, title: title, createdAt: createdAt, updatedAt: updatedAt, turns: turns.count)
    }
}

extension Conversation {
    /// Where it is stored is no part of what it is.
    package static func == (left: Conversation, right: Conversation) -> Bool {
        left.id == right.id && left.title == right.title && left.createdAt == right.createdAt
            && left.origin == right.origin && left.head == right.head && left.turns == right.turns
    }
}
