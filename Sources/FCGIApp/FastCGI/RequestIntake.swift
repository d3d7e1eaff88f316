import Core

/// Puts one request together from the bytes of a connection, and decides what becomes of its body.
struct RequestIntake {
    enum Progress: Equatable {
        case unfinished
        /// A large body comes: ``admit(_:)`` is to be called before more is taken.
        case needsRoom(bytes: Int, address: String)
        case whole
        /// Not a FastCGI request, or one that is larger than anything we would read.
        case broken
    }

    /// A body up to this size does not wait for room among the others.
    static let smallBody = 64 << 10
    /// How long a body may be whose length was not declared.
    static let undeclaredBody = 1 << 20
    /// How much memory a request takes at most for each byte of its body: the body, what is read from it and what is
    /// sent on.
    static let bodyCost = 3

    private let limits: FCGIServer.Limits
    private var records = FCGIRecords()
    private var incoming: IncomingRequest?
    private var bodyLimit = 0
    private(set) var share: MemoryBudget.Share?

    init(limits: FCGIServer.Limits) { self.limits = limits }

    /// By which the web server knows the request.
    var id: UInt16 { records.id }
    var isToBeKept: Bool { records.isToBeKept }
    var isUntouched: Bool { records.isUntouched }

    /// Takes what came next.
    ///
    /// - Returns: How many bytes were used; the rest is for the next call, or of the next request.
    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) -> (used: Int, progress: Progress) {
        var used = 0
        while true {
            let (count, progress) = records.take(UnsafeBufferPointer(rebasing: bytes[used...]))
            used += count
            switch progress {
            case .unfinished: return (used, records.bodySize > limits.maxDrainedBytes ? .broken : .unfinished)
            case .whole: return (used, .whole)
            case .broken: return (used, .broken)
            case .parameters: if let room = decide() { return (used, room) }
            }
        }
    }

    /// Says whether there is room for the body.
    mutating func admit(_ share: MemoryBudget.Share?) {
        self.share = share
        if share == nil { incoming?.refusal = .tooManyBodies } else { expectBody() }
    }

    /// The request with its body; to be called once, when it is whole.
    mutating func finish() -> IncomingRequest? {
        guard var incoming = self.incoming.take() else { return nil }
        let isOtherThanDeclared = incoming.declaredLength.map { $0 != records.bodySize } ?? false
        if records.bodySize > bodyLimit {
            incoming.refusal = incoming.refusal ?? .bodyTooLarge(limit: bodyLimit)
        } else if isOtherThanDeclared {
            incoming.refusal = .malformedRequest
        } else {
            incoming.request = incoming.request.with(body: records.takeBody())
        }
        return incoming
    }

    /// Decides from the parameters what becomes of the body.
    private mutating func decide() -> Progress? {
        var parameters = FCGIParameters()
        let isWellFormed = parameters.add(encoded: records.takeParameters())
        if records.areParametersExcessive { parameters.setTooLarge() }
        var incoming = IncomingRequest(parameters)
        if !isWellFormed, !records.areParametersExcessive { incoming.refusal = .malformedRequest }
        self.incoming = incoming
        bodyLimit = limits.maxBodyBytes(incoming.request.path)
        // Web servers that hold requests back say how long they are; without that there is none or little.
        if incoming.declaredLength == nil { bodyLimit = min(bodyLimit, Self.undeclaredBody) }
        let size = incoming.declaredLength ?? 0
        guard incoming.refusal == nil, size <= bodyLimit else { return nil }
        guard size > Self.smallBody else {
            expectBody()
            return nil
        }
        return .needsRoom(bytes: size * Self.bodyCost, address: incoming.request.remoteAddress)
    }

    private mutating func expectBody() {
        records.expectedBody = incoming?.declaredLength ?? 0
        records.bodyLimit = bodyLimit
    }
}
