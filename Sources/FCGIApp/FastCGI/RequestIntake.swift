import CFCGI
import Core
import Glibc

/// Reads one request from a connection, as it comes, and never holds a thread while nothing comes.
///
/// All of the request has one deadline, however many pieces it comes in. Not for more than one task.
final class RequestIntake {
    /// A body up to this size does not wait for room among the others.
    static let smallBody = 64 << 10
    /// How long a body may be whose length was not declared.
    static let undeclaredBody = 1 << 20
    /// How much memory a request takes at most for each byte of its body: the body, what is read from it and what is
    /// sent on.
    static let bodyCost = 3
    private static let readSize = 64 << 10

    private let connection: Int32
    private let watch: ConnectionWatch
    private let limits: FCGIServer.Limits
    private let unread: UnreadRequests
    private let bodies: MemoryBudget
    private let deadline: ContinuousClock.Instant
    private var records = FCGIRecords()
    private var incoming: IncomingRequest?
    private var share: MemoryBudget.Share?
    private var bodyLimit = 0
    private var isWhole = false

    init(
        connection: Int32, watch: ConnectionWatch, limits: FCGIServer.Limits, unread: UnreadRequests,
        bodies: MemoryBudget, since start: ContinuousClock.Instant
    ) {
        self.connection = connection
        self.watch = watch
        self.limits = limits
        self.unread = unread
        self.bodies = bodies
        deadline = start + limits.requestTime
    }

    /// By which the web server knows the request.
    var id: UInt16 { records.id }

    /// Reads the request to its end.
    ///
    /// - Returns: The request with its body, and what must be kept as long as that is; nil if it does not come in
    ///   time or is not FastCGI.
    func receive() async -> (IncomingRequest, MemoryBudget.Share?)? {
        // As a rule all of it is here.
        if await read() == .broken { return nil }
        if !isWhole { guard await receiveRest() else { return nil } }
        guard var incoming else { return nil }
        let isOtherThanDeclared = incoming.declaredLength.map { $0 != records.bodySize } ?? false
        if records.bodySize > bodyLimit {
            incoming.refusal = incoming.refusal ?? .bodyTooLarge(limit: bodyLimit)
        } else if isOtherThanDeclared {
            incoming.refusal = .malformedRequest
        } else {
            incoming.request = incoming.request.with(body: records.takeBody())
        }
        return (incoming, share)
    }

    /// Waits for what is missing; false if it does not come.
    private func receiveRest() async -> Bool {
        let place = unread.enter(watch)
        let alarm = Task { [watch, deadline] in
            try await Task.sleep(until: deadline)
            watch.abandon()
        }
        defer {
            alarm.cancel()
            unread.leave(place)
        }
        while !isWhole {
            do throws(ConnectionLost) { try await watch.waitForInput() } catch { return false }
            if await read() == .broken { return false }
        }
        return true
    }

    /// Takes what is here; `unfinished` where more must come.
    private func read() async -> FCGIRecords.Progress {
        var rest: [UInt8] = []
        while true {
            if rest.isEmpty {
                guard let bytes = receiveBytes() else { return .unfinished }
                guard !bytes.isEmpty else { return .broken }
                rest = bytes
            }
            let (used, progress) = rest.withUnsafeBufferPointer { records.take($0) }
            rest.removeFirst(used)
            switch progress {
            case .unfinished: if records.bodySize > limits.maxDrainedBytes { return .broken }
            case .parameters: await decide()
            case .whole:
                isWhole = true
                return .whole
            case .broken: return .broken
            }
        }
    }

    /// What can be read now; nil if that is nothing, empty at the end of the connection.
    private func receiveBytes() -> [UInt8]? {
        while true {
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.readSize) { buffer, count in
                let got = cfcgi_receive(connection, buffer.baseAddress, buffer.count)
                code = got < 0 ? errno : 0
                count = max(0, got)
            }
            switch code {
            case 0: return bytes
            case EINTR: continue
            case EAGAIN: return nil
            default: return []
            }
        }
    }

    /// Decides from the parameters what becomes of the body.
    private func decide() async {
        var parameters = FCGIParameters()
        let isWellFormed = parameters.add(encoded: records.parameters)
        if records.areParametersExcessive { parameters.setTooLarge() }
        var incoming = IncomingRequest(parameters)
        if !isWellFormed, !records.areParametersExcessive { incoming.refusal = .malformedRequest }
        bodyLimit = limits.maxBodyBytes(incoming.request.path)
        // Web servers that hold requests back say how long they are; without that there is none or little.
        if incoming.declaredLength == nil { bodyLimit = min(bodyLimit, Self.undeclaredBody) }
        let size = incoming.declaredLength ?? 0
        if incoming.refusal == nil, size <= bodyLimit {
            if size > Self.smallBody {
                share = await bodies.take(
                    size * Self.bodyCost, for: incoming.request.remoteAddress, atMost: limits.bodyPatience)
                if share == nil { incoming.refusal = .tooManyBodies }
            }
            if incoming.refusal == nil {
                records.expectedBody = size
                records.bodyLimit = bodyLimit
            }
        }
        self.incoming = incoming
    }
}
