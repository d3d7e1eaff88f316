import HTTPTypes

/// Answers a request that carries an `Idempotency-Key` once, and the same again for a day.
package struct Idempotency: Sendable {
    let store: any Store
    /// How long a repeat waits for the first to be answered.
    let queueTimeout: Duration

    /// How a request is to be answered.
    enum Claim {
        /// As if there were no such key: it has none.
        case none
        /// As the first with its key; the recorder keeps the answer.
        case first(Recorder)
        /// With this, which the first was answered.
        case repeated(Response)
    }

    /// Keeps the answer of a first request.
    ///
    /// The right to answer goes with its last use.
    struct Recorder: Sendable {
        fileprivate let store: any Store
        fileprivate let digest: String
        fileprivate let archive: ArchiveID
        fileprivate let bodyDigest: String
        fileprivate let lease: Lease

        func keep(_ body: [UInt8], contentType: String) async throws {
            let answer = IdempotentResponse(
                bodyDigest: bodyDigest, contentType: contentType, body: String(decoding: body, as: UTF8.self))
            try await store.storeAnswer(answer, as: digest, of: archive)
        }
    }

    func claim(_ call: Call, of user: User) async throws -> Claim {
        guard let key = call.request.headers[.idempotencyKey], !key.isEmpty else { return .none }
        guard key.utf8.count <= 255 else {
            throw GatewayError(
                .invalidParameter, "The Idempotency-Key is longer than 255 bytes.", parameter: "Idempotency-Key")
        }
        let digest = Hex.sha256("\(user.archive.digest)\0\(call.request.path)\0\(key)")
        // What is asked may stand in the query, too.
        let asked = call.request.query.isEmpty ? [] : Array("\(call.request.query)\0".utf8)
        let bodyDigest = Hex.sha256(asked + call.request.body)
        guard let lease = try await store.lease(.answer(digest), timeout: queueTimeout) else {
            throw GatewayError(
                .conversationBusy, "A request with this Idempotency-Key is still being answered. Wait for it.")
        }
        guard let stored = try await store.answer(digest, of: user.archive) else {
            return .first(
                Recorder(store: store, digest: digest, archive: user.archive, bodyDigest: bodyDigest, lease: lease))
        }
        guard stored.bodyDigest == bodyDigest else {
            throw GatewayError(
                .idempotencyKeyReused, "This Idempotency-Key was sent with another body before.",
                parameter: "Idempotency-Key")
        }
        var response = Response(status: .ok, body: .bytes(Array(stored.body.utf8)))
        response.headers[.contentType] = stored.contentType
        response.headers[.cacheControl] = "no-store"
        response.headers[.idempotencyReplayed] = "true"
        return .repeated(response)
    }
}
