import HTTPTypes
import Synchronization

/// Answers a request that carries an `Idempotency-Key` once, and the same again for a day.
package struct RepeatedRequests: Sendable {
    let store: any Store
    /// How long a repeat waits for the first to be answered.
    let queueTimeout: Duration

    /// Keeps the answer of a first request.
    ///
    /// It holds the right to answer until it is dropped.
    final class Recorder: Sendable {
        private let store: any Store
        private let digest: String
        private let archive: ArchiveID
        private let bodyDigest: String
        private let lease: Lease

        init(store: any Store, digest: String, archive: ArchiveID, bodyDigest: String, lease: Lease) {
            self.store = store
            self.digest = digest
            self.archive = archive
            self.bodyDigest = bodyDigest
            self.lease = lease
        }

        func finish(contentType: String, body: [UInt8]) async throws {
            let text = String(decoding: body, as: UTF8.self)
            try await store.storeAnswer(
                StoredAnswer(bodyDigest: bodyDigest, contentType: contentType, body: text), as: digest, of: archive)
        }
    }

    /// - Parameter answer: Makes the answer; it must hand it to the recorder, where there is one, before it ends.
    func respond(
        to call: Call, of user: User, _ answer: (Recorder?) async throws -> Response
    ) async throws -> Response {
        guard let key = call.request.headers[.idempotencyKey], !key.isEmpty else { return try await answer(nil) }
        return try await respond(to: call, of: user, with: key, answer)
    }

    // Not inlined, so that the thousands that wait without a key do not hold what it takes.
    @inline(never)
    private func respond(
        to call: Call, of user: User, with key: String, _ answer: (Recorder?) async throws -> Response
    ) async throws -> Response {
        guard key.utf8.count <= 255 else {
            throw GatewayError(
                .invalidParameter, "The Idempotency-Key is longer than 255 bytes.", parameter: "Idempotency-Key")
        }
        let digest = Hex.sha256("\(user.archive.digest)\0\(call.request.path)\0\(key)")
        let bodyDigest = Hex.sha256(call.request.body)
        guard let lease = try await store.lease(.answer(digest), timeout: queueTimeout) else {
            throw GatewayError(
                .conversationBusy, "A request with this Idempotency-Key is still being answered. Wait for it.")
        }
        guard let stored = try await store.answer(digest, of: user.archive) else {
            return try await answer(
                Recorder(
                    store: store, digest: digest, archive: user.archive, bodyDigest: bodyDigest, lease: lease))
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
        return response
    }
}

/// Sends events and keeps them for a repeat.
final class RecordedStream: Sendable {
    private let stream: EventStream
    private let recorder: RepeatedRequests.Recorder?
    private let sent = Mutex([UInt8]())

    init(_ stream: EventStream, recorder: RepeatedRequests.Recorder?) {
        self.stream = stream
        self.recorder = recorder
    }

    /// Keeps an event until the stream's next flush.
    func hold(_ data: [UInt8]) async throws {
        if recorder != nil { sent.withLock { $0 += Array("data: ".utf8) + data + [0x0A, 0x0A] } }
        try await stream.hold(data: data)
    }

    func finish() async throws {
        try await recorder?.finish(contentType: "text/event-stream; charset=utf-8", body: sent.withLock { $0 })
    }
}
