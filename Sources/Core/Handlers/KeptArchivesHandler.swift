/// `/api/admin/archives`: for admins, whose conversations were kept when they were removed.
package struct KeptArchivesHandler: Sendable {
    let store: any Store

    package func list(_ call: Call) async throws -> Response {
        let limit = try call.parameters.int("limit", in: 1...500) ?? 50
        let before = try call.parameters.identifier("before")
        let kept = try await store.keptArchives(before: before, limit: limit)
        let next = kept.count == limit ? kept.last.map { JSON($0.archive.digest) } : nil
        return .json(["status": "success", "archives": .array(kept.map(\.summary)), "next": next ?? .null])
    }
}
