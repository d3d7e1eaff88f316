/// Takes over the users and conversations of the Flask server; a second run changes nothing.
///
/// Its files hold the string "true" and nulls where booleans belong, times without a fraction, and users' keys in
/// `api_instance`; the last are never stored.
package struct FlaskImport {
    /// What was done or would be done, for the operator to read.
    ///
    /// Holds no key.
    package struct Report: Sendable {
        package internal(set) var lines: [String] = []
        package internal(set) var addedUsers = 0
        package internal(set) var addedConversations = 0
        package internal(set) var problems = 0
    }

    let store: any Store
    let accounts: [Account]
    let isDryRun: Bool
    private var report = Report()
    /// The users of the file by their `user_id`, with their owners.
    private var users: [String: [User.ID]] = [:]
    /// The clients of the file.
    private var clients: Set<String> = []

    /// - Parameter accounts: Those of the settings; a conversation goes on with the one of the same e-mail address.
    package init(store: any Store, accounts: [Account], isDryRun: Bool) {
        self.store = store
        self.accounts = accounts
        self.isDryRun = isDryRun
    }

    /// Imports `users.json`, then `conversations.json`; either may be nil.
    package mutating func run(users: JSON?, conversations: JSON?) async throws -> Report {
        if let users { try await importUsers(users) }
        if let conversations { try await importConversations(conversations) }
        return report
    }

    private mutating func importUsers(_ file: JSON) async throws {
        guard let keys = file["API_KEYS"]?.object else { return problem("the file of users has no API_KEYS") }
        // Clients come first: their users can be added only after them.
        let users = keys.members.filter { !Self.isTrue($0.value["is_client"]) }
        for member in keys.members.filter({ Self.isTrue($0.value["is_client"]) }) + users {
            guard let key = APIKey(member.name) else {
                problem("a key ending in \(member.name.suffix(4)) is not 32 letters and digits: its user is left out")
                continue
            }
            try await importUser(member.value, key)
        }
    }

    private mutating func importUser(_ record: JSON, _ key: APIKey) async throws {
        guard let userID = record["user_id"]?.string, Identifier.isValid(userID), userID != User.selfOwner else {
            return problem("the user of the key ending in \(key.lastFour) has no usable user_id: left out")
        }
        let role: User.Role =
            Self.isTrue(record["is_admin"]) ? .admin : Self.isTrue(record["is_client"]) ? .client : .user
        let named = record["username"]?.string ?? userID
        let username = User.isValidUsername(named) ? named : userID
        var owners = (record["clients"]?.array ?? []).compactMap(\.string).filter(Identifier.isValid)
        // A client or an admin belongs to nobody else.
        if owners.isEmpty || role != .user { owners = [User.selfOwner] }
        let client = try await store.user(User.ID(owner: User.selfOwner, userID: owners[0]))
        if owners[0] != User.selfOwner, client?.role != .client, !clients.contains(owners[0]) {
            note("user \(userID) had the owner \(owners[0]), which is no client, and now belongs to the admins")
            owners = [User.selfOwner]
        }
        if role == .client { clients.insert(userID) }
        let id = User.ID(owner: owners[0], userID: userID)
        // Its client may be one of the file that a dry run has not added.
        var creator = User.Creator.admin
        if owners[0] != User.selfOwner {
            // What the old server granted stays granted.
            var owner = client ?? User(id: User.ID(owner: User.selfOwner, userID: owners[0]), username: owners[0])
            owner.hasPlus = true
            creator = .client(owner)
        }
        if owners.count > 1 { note("user \(userID) had several owners and now belongs to \(owners[0])") }
        users[userID, default: []].append(id)
        let user: User
        do throws(GatewayError) {
            user = try User.make(
                userID: userID, username: username, role: role, hasPlus: Self.isTrue(record["plus"]),
                by: creator, keys: [User.Key(key)])
        } catch { return problem("user \(userID): \(error.message)") }
        let isNew = isDryRun ? try await store.user(id) == nil : try await store.addUser(user).user != nil
        guard isNew else { return note("user \(userID) of \(id.owner) is there already: unchanged") }
        report.addedUsers += 1
        note("user \(userID) of \(id.owner) (\(role.rawValue)\(user.hasPlus ? ", plus" : "")): added")
    }

    private mutating func importConversations(_ file: JSON) async throws {
        guard let all = file["users"]?.object else { return problem("the file of conversations has no users") }
        for member in all.members {
            guard let owner = try await owner(of: member.name) else {
                problem("there is no user \(member.name): its conversations are left out")
                continue
            }
            let conversations = (member.value["conversations"]?.object?.members ?? [])
                .compactMap { conversation($0.name, $0.value) }
                .sorted { $0.updatedAt < $1.updatedAt }
            for conversation in conversations { try await add(conversation, to: owner) }
        }
    }

    private mutating func add(_ conversation: Conversation, to owner: User.ID) async throws {
        let archive = try await store.user(owner)?.archive ?? ArchiveID(of: owner, number: nil)
        let isNew =
            isDryRun
            ? try await store.conversationSize(conversation.id, of: archive) == nil
            : try await store.importConversation(conversation, of: archive)
        guard isNew else { return note("conversation \(conversation.id) is there already: unchanged") }
        report.addedConversations += 1
        note("conversation \(conversation.id) of \(owner.userID), \(conversation.turns.count) turns: added")
    }

    /// The file of conversations knows users by `user_id` alone.
    private mutating func owner(of userID: String) async throws -> User.ID? {
        let candidates =
            if let known = users[userID] { known } else {
                try await store.owners(of: userID).map { User.ID(owner: $0, userID: userID) }
            }
        if candidates.count > 1 {
            problem("several users are called \(userID): its conversations go to the one of \(candidates[0].owner)")
        }
        return candidates.first
    }

    private mutating func conversation(_ id: String, _ record: JSON) -> Conversation? {
        guard Identifier.isValid(id) else {
            problem("a conversation has an id that is not usable: left out")
            return nil
        }
        var last = Timestamp(microsecondsSinceEpoch: 0)
        var turns = (record["messages"]?.object?.members ?? []).map { member -> Turn in
            last = member.value["origin_time"]?.string.flatMap(Timestamp.init(localText:)) ?? last
            return Turn(
                id: member.name, prompt: member.value["prompt"]?.string ?? "",
                reply: member.value["reply"]?.string ?? "", startedAt: last)
        }
        guard !turns.isEmpty else {
            problem("conversation \(id) has no messages: left out")
            return nil
        }
        turns.sort { $0.startedAt < $1.startedAt }
        let isOwnToken = record["api_instance_type"]?.string == "user"
        // For conversations of own tokens this member holds the user's key, which must not be kept.
        let email = isOwnToken ? nil : record["api_instance"]?.string
        return Conversation(
            id: id, title: record["title"]?.string.flatMap(Title.clean) ?? Title.cut(from: turns[0].prompt),
            createdAt: turns[0].startedAt,
            origin: isOwnToken ? .accessToken(upstreamUser: "unknown") : .account(account(of: email)),
            upstreamID: id, turns: turns)
    }

    /// The configured account of that address, else an id that none has, so that a follow-up says what is missing.
    private func account(of email: String?) -> Account.ID {
        guard let email else { return Account.ID(rawValue: "unknown") }
        let configured = accounts.first { account in
            guard case .chatGPT(let login) = account.kind else { return false }
            return login.email?.lowercased() == email.lowercased()
        }
        return configured?.id ?? Account.ID(rawValue: email)
    }

    private mutating func note(_ line: String) { report.lines.append(line) }

    private mutating func problem(_ line: String) {
        report.problems += 1
        report.lines.append("problem: \(line)")
    }

    private static func isTrue(_ value: JSON?) -> Bool {
        value?.bool ?? (value?.string?.lowercased() == "true")
    }
}
