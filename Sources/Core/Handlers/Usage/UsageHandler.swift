import HTTPTypes

/// What was used: one's own, and that of the users of clients and admins.
package struct UsageHandler: Sendable {
    private enum Format: String { case json, csv, jsonl }

    let authenticator: Authenticator
    let store: any Store
    /// Says which day it is.
    let zone: TimeZone
    /// Ends with a slash.
    let basePath: String

    /// Of a table that becomes a file.
    private static let mostLines = 100_000
    private static let mostOfAPage = 10_000

    /// `/api/usage`: one's own; a client's is that of all its users.
    package func own(_ call: Call) async throws -> Response {
        let caller = try call.principal.caller
        return try await table(call, [.day, .model, .key], [.json]) { query in
            if caller.role == .client { query.client = caller.ledgerID } else { query.narrow(to: caller) }
        }
    }

    /// `/api/client/usage`: that of one user.
    package func ofUser(_ call: Call) async throws -> Response {
        guard let userID = try call.parameters.identifier("user_id") else { throw GatewayError.missing("user_id") }
        let caller = try call.principal.caller
        let owner = caller.role == .client ? caller.id.userID : try call.parameters.identifier("owner")
        let user = try await authenticator.anyUser(userID, owner: owner)
        guard caller.role == .admin || user.ownerNumber == caller.number else { throw GatewayError.userNotFound }
        return try await table(call, [.day, .model, .key], [.json]) { $0.narrow(to: user) }
    }

    /// `/api/admin/usage`: of all users; for a client of its own, and for owners of groups what those pay for.
    package func all(_ call: Call) async throws -> Response {
        let caller = try call.principal.caller
        let (client, groups) = try await bounds(of: call)
        let columns: [UsageQuery.Column] = [.user, .client, .group, .costCenter, .account, .model, .day]
        let permitted = columns.filter { $0 != .account || caller.role == .admin }
        return try await table(call, permitted, [.json, .csv]) { query in
            (query.client, query.groups) = (client, groups)
        }
    }

    /// `/api/admin/usage/rows`: the rows themselves, the last days first.
    package func rows(_ call: Call) async throws -> Response {
        let caller = try call.principal.caller
        let (client, groups) = try await bounds(of: call)
        let days = try days(in: call)
        let format = try format(of: call, [.jsonl, .csv])
        let rows = try await store.usageRows(days, ofClient: client, groups: groups)
        let report = UsageReport(store: store, showsAccounts: caller.role == .admin)
        return file("usage-rows", days, format) { writer in
            if format == .csv { try await writer.write(CSV.record(UsageReport.rowNames)) }
            // Whoever owns a group may ask for all of its rows, which are read among those of everybody.
            while let some = try await WorkLane.shared.runPart(for: caller.id.digest, { try rows.next() }) {
                var bytes: [UInt8] = []
                for row in some {
                    let values = try await report.values(of: row)
                    bytes +=
                        format == .csv
                        ? CSV.record(values.map(UsageReport.cell)) : UsageReport.line(UsageReport.rowNames, values)
                }
                if !bytes.isEmpty { try await writer.write(bytes) }
                try Task.checkCancellation()
            }
        }
    }

    /// Of which client's users the caller may know what they used, and of which groups; nil for any.
    ///
    /// - Throws: 404 for a group that is not the caller's, 403 for users who own none.
    private func bounds(of call: Call) async throws -> (client: String?, groups: GroupUse?) {
        let caller = try call.principal.caller
        let id = try call.parameters.identifier("group")
        // Admins may look at what groups used that are not there any more.
        if caller.role == .admin {
            return (nil, id.map { GroupUse(since: [$0: Day(CivilDay(number: 0))]) })
        }
        if let id {
            guard let group = try await store.group(id), group.isOwned(by: caller) else {
                throw GatewayError(.groupNotFound, "There is no such group.", parameter: "group")
            }
            return (nil, GroupUse([group], in: zone))
        }
        if caller.role == .client { return (caller.ledgerID, nil) }
        let groups = try await store.groups().filter { $0.isOwned(by: caller) }
        guard !groups.isEmpty else {
            throw GatewayError(.notAllowed, "Only admins, clients and owners of groups see what others use.")
        }
        return (nil, GroupUse(groups, in: zone))
    }

    // MARK: Tables

    private func table(
        _ call: Call, _ columns: [UsageQuery.Column], _ formats: [Format], _ narrow: (inout UsageQuery) -> Void
    ) async throws -> Response {
        let format = try format(of: call, formats)
        let most = format == .csv ? Self.mostLines : Self.mostOfAPage
        let limit = try call.parameters.int("limit", in: 1...most) ?? (format == .csv ? most : 1000)
        // One more than is told says whether there are more.
        var query = UsageQuery(days: try days(in: call), by: try by(in: call, columns), limit: limit + 1)
        query.after = try call.parameters.text("before").map { try Self.place($0, of: query) }
        narrow(&query)
        let (by, days) = (query.by, query.days)
        let found = try await store.usage(query)
        let sums = found.prefix(limit)
        let next = found.count > limit ? sums.last.map(Self.cursor) : nil
        let report = UsageReport(store: store, showsAccounts: true)
        guard format == .json else {
            var response = file("usage", days, format) { writer in
                try await writer.write(CSV.record(UsageReport.names(by: by)))
                for start in stride(from: 0, to: sums.count, by: 1000) {
                    var bytes: [UInt8] = []
                    for sum in sums[start..<min(start + 1000, sums.count)] {
                        let members = try await report.members(of: sum, by: by)
                        bytes += CSV.record(members.map { UsageReport.cell($0.value) })
                    }
                    try await writer.write(bytes)
                }
            }
            if let next {
                let by = by.map(\.rawValue).joined(separator: ",")
                let group = try call.parameters.identifier("group").map { "&group=\($0)" } ?? ""
                let days = "from=\(days.lowerBound.text)&to=\(days.upperBound.text)"
                response.headers[.link] =
                    "<\(basePath.dropLast())\(call.request.path)?\(days)&by=\(by)\(group)&format=csv&limit=\(limit)&before=\(next)>; rel=\"next\""
            }
            return response
        }
        var list: [JSON] = []
        for sum in sums {
            list.append(.object(JSONObject(unchecked: try await report.members(of: sum, by: by))))
        }
        return .json([
            "status": "success", "from": JSON(days.lowerBound.text), "to": JSON(days.upperBound.text),
            "by": .array(by.map { JSON($0.rawValue) }), "usage": .array(list), "next": JSON(next),
        ])
    }

    private func file(
        _ name: String, _ days: ClosedRange<Day>, _ format: Format,
        _ body: @escaping @Sendable (any BodyWriter) async throws -> Void
    ) -> Response {
        var response = Response(status: .ok, body: .stream(body))
        response.headers[.contentType] = format == .csv ? "text/csv; charset=utf-8" : "application/jsonl"
        response.headers[.contentDisposition] =
            "attachment; filename=\"\(name)-\(days.lowerBound.text)-\(days.upperBound.text).\(format.rawValue)\""
        response.headers[.cacheControl] = "no-store"
        return response
    }

    // MARK: Parameters

    private func format(of call: Call, _ formats: [Format]) throws -> Format {
        guard let text = try call.parameters.text("format") else { return formats[0] }
        guard let format = Format(rawValue: text), formats.contains(format) else {
            throw GatewayError.invalid("format", formats.map(\.rawValue).joined(separator: " or "))
        }
        return format
    }

    /// The days asked for, the first and the last included; without them the last thirty.
    private func days(in call: Call) throws -> ClosedRange<Day> {
        let to = try day("to", in: call) ?? zone.day(of: .now)
        let from = try day("from", in: call) ?? to.before(29)
        guard from <= to else { throw GatewayError.invalid("from", "a day that is not after to") }
        return from...to
    }

    private func day(_ name: String, in call: Call) throws -> Day? {
        guard let text = try call.parameters.text(name) else { return nil }
        guard let day = Day(text) else { throw GatewayError.invalid(name, "a day as yyyy-mm-dd") }
        return day
    }

    private func by(in call: Call, _ columns: [UsageQuery.Column]) throws -> [UsageQuery.Column] {
        guard let text = try call.parameters.text("by") else { return [.day] }
        let words = text.utf8.count <= 200 ? text.split(separator: ",", omittingEmptySubsequences: false) : []
        let found = words.compactMap { UsageQuery.Column(rawValue: String($0)) }
        guard !words.isEmpty, found.count == words.count, Set(found).count == found.count,
            found.allSatisfy(columns.contains)
        else {
            let known = columns.map(\.rawValue).joined(separator: ", ")
            throw GatewayError.invalid("by", "one or more of \(known), with commas between them")
        }
        return found
    }

    private static func cursor(_ sum: UsageSum) -> String {
        Hex.encode(JSON.array(sum.place.map { JSON($0) }).bytes)
    }

    private static func place(_ cursor: String, of query: UsageQuery) throws -> [String] {
        guard cursor.utf8.count <= 8192, let bytes = Hex.decode(cursor),
            let values = (try? JSONReader.read(bytes, limits: .caller))?.array?.compactMap(\.string),
            values.count == query.order.count
        else { throw GatewayError.invalid("before", "the value of next in the page before") }
        return values
    }
}
