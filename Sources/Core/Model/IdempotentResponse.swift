/// An answer that is kept for a day, so that a request which is sent again gets it again.
package struct IdempotentResponse: Sendable, Equatable {
    package var createdAt: Timestamp
    /// SHA-256 of the request's body.
    package var bodyDigest: String
    package var contentType: String
    package var body: String

    package init(createdAt: Timestamp = .now, bodyDigest: String, contentType: String, body: String) {
        self.createdAt = createdAt
        self.bodyDigest = bodyDigest
        self.contentType = contentType
        self.body = body
    }

    /// How long it is kept.
    static let lifetime = Duration.seconds(86_400)

    var record: JSON {
        [
            "created_at": JSON(createdAt.rfc3339), "body_digest": JSON(bodyDigest),
            "content_type": JSON(contentType), "body": JSON(body),
        ]
    }

    init?(record: JSON) {
        guard let createdAt = record["created_at"]?.string.flatMap(Timestamp.init(rfc3339:)),
            let bodyDigest = record["body_digest"]?.string, let contentType = record["content_type"]?.string,
            let body = record["body"]?.string
        else { return nil }
        self.init(createdAt: createdAt, bodyDigest: bodyDigest, contentType: contentType, body: body)
    }
}
