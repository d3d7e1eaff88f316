/// `/api/client/users`: finds and lists users.
extension UsersHandler {
    /// A page of the users that are asked for, newest first if nothing else is said; a client's are its own.
    package func list(_ call: Call) async throws -> Response {
        let query = try await query(of: call)
        let extra: Extra? = try choice("with", in: call)
        let page = try await store.findUsers(query)
        let users = try await extra == .usage ? summariesWithUse(of: page.users) : page.users.map(\.summary)
        return .json([
            "status": "success", "users": .array(users), "total": JSON(page.total),
            "next": JSON(page.next?.text),
        ])
    }

    private func query(of call: Call) async throws -> UserQuery {
        let parameters = call.parameters
        let caller = try call.principal.caller
        var query = UserQuery()
        query.text = try parameters.text("q", takesDigits: true) ?? ""
        guard query.text.utf8.count <= 256 else { throw GatewayError.invalid("q", "at most 256 bytes") }
        query.roles = try roles(in: call)
        query.hasPlus = try parameters.bool("plus")
        query.isDisabled = try parameters.bool("disabled")
        query.sort = try choice("sort", in: call) ?? .createdAt
        let order: Order? = try choice("order", in: call)
        query.isAscending = order.map { $0 == .asc } ?? (query.sort != .createdAt)
        query.limit = try parameters.int("limit", in: 1...500) ?? 50
        if let text = try parameters.text("before") {
            guard let place = UserPlace(text) else {
                throw GatewayError.invalid("before", "the value of next in the page before")
            }
            query.after = place
        }
        let owner = try parameters.identifier("owner")
        if caller.role == .client {
            query.owner = UserQuery.Owner(userID: caller.id.userID, number: caller.number)
        } else if let owner {
            let number = try await store.user(User.ID(owner: User.selfOwner, userID: owner))?.number
            query.owner = UserQuery.Owner(userID: owner, number: owner == User.selfOwner ? nil : number)
        }
        return query
    }

    /// One role or several, with commas between them.
    private func roles(in call: Call) throws(GatewayError) -> Set<User.Role> {
        guard let text = try call.parameters.text("role") else { return [] }
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let roles = words.compactMap { User.Role(rawValue: String($0)) }
        guard roles.count == words.count else {
            throw GatewayError.invalid("role", "user, client or admin, or several with commas between them")
        }
        return Set(roles)
    }

    private enum Order: String, CaseIterable { case asc, desc }
    /// What is told beside what the users' records say; not sorted by, because it is looked up for one page alone.
    private enum Extra: String, CaseIterable { case usage }

    /// The value of an enumeration that a parameter names.
    private func choice<Choice: CaseIterable & RawRepresentable>(
        _ name: String, in call: Call
    ) throws(GatewayError) -> Choice? where Choice.RawValue == String {
        guard let text = try call.parameters.text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw GatewayError.invalid(name, Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }
}
