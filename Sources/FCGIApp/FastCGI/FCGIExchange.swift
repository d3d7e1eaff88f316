import CFCGI
import Glibc
import Synchronization

/// One FastCGI request with its connection: the only owner of a libfcgi request.
///
/// libfcgi keeps the request's address, so it lives on the heap. It is finished exactly once, on whatever thread;
/// afterwards sending throws and the connection is closed.
///
/// Unchecked: `request` is touched only by `init`, by `deinit`, and while `isOpen` is locked.
final class FCGIExchange: @unchecked Sendable {
    /// The most bytes that one send takes: with its record header it fits libfcgi's buffer of 8 KiB.
    static let pieceSize = 8000

    /// The connection, valid until ``finish(abandoning:)``; never non-blocking, which would corrupt libfcgi's streams.
    let descriptor: Int32
    private let request: UnsafeMutablePointer<FCGX_Request>
    private let isOpen = Mutex(true)

    /// Takes over `connection`, which was accepted just now.
    ///
    /// - Parameter silence: How long a read may wait for the peer before the request counts as broken.
    init(connection: Int32, silence: Duration) {
        descriptor = connection
        var timeout = timeval(tv_sec: max(1, Int(silence.components.seconds)), tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        request = .allocate(capacity: 1)
        FCGX_InitRequest(request, -1, 0)
        request.pointee.ipcFd = connection
        // Without this FCGX_Accept_r begins with closing the connection.
        request.pointee.keepConnection = 1
        // Without this closing waits up to two seconds for the peer to close first.
        FCGX_Detach(request)
    }

    deinit {
        finish(abandoning: true)
        request.deallocate()
    }

    /// Reads the request up to its body; blocks.
    ///
    /// False if it is not FastCGI or does not come in time; the exchange is over then.
    /// On failure libfcgi closes the connection and wants to accept the next one itself, from listen descriptor -1,
    /// which fails at once.
    func begin() -> Bool {
        isOpen.withLock { isOpen in
            guard isOpen else { return false }
            guard FCGX_Accept_r(request) == 0 else {
                isOpen = request.pointee.ipcFd >= 0
                return false
            }
            // A kept connection would stay bound to this request and hang.
            request.pointee.keepConnection = 0
            return true
        }
    }

    /// What the web server said about the request.
    func parameters() -> FCGIParameters {
        isOpen.withLock { isOpen in
            var parameters = FCGIParameters()
            guard isOpen, var entry = request.pointee.envp else { return parameters }
            while let text = entry.pointee {
                let length = strlen(text)
                text.withMemoryRebound(to: UInt8.self, capacity: length) {
                    parameters.add(UnsafeBufferPointer(start: $0, count: length))
                }
                entry += 1
            }
            return parameters
        }
    }

    /// Reads the body to its end; blocks.
    ///
    /// A body that is too large is read on and thrown away, up to `drainLimit` bytes, because a web server that
    /// cannot send all of it reports a failure instead of our answer.
    ///
    /// - Parameter declared: The length that the caller announced; another one makes the body broken.
    func readBody(declared: Int?, limit: Int, drainLimit: Int) -> FCGIRequestBody {
        isOpen.withLock { isOpen in
            guard isOpen, let input = request.pointee.in else { return .broken }
            var body: [UInt8] = []
            var total = 0
            let isDeclaredTooLarge = (declared ?? 0) > limit
            if !isDeclaredTooLarge { body.reserveCapacity(declared ?? 0) }
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16 << 10) { buffer in
                while total <= drainLimit {
                    let count = Int(FCGX_GetStr(buffer.baseAddress, Int32(buffer.count), input))
                    guard count > 0 else { break }
                    total += count
                    guard !isDeclaredTooLarge, total <= limit else { continue }
                    body.append(contentsOf: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
                }
            }
            let hasFailed = FCGX_GetError(input) != 0
            // Its buffer is as large as that of the answer, and the request may wait for minutes.
            FCGX_FreeStream(&request.pointee.in)
            if isDeclaredTooLarge || total > limit { return .tooLarge }
            guard !hasFailed, declared == nil || declared == total else { return .broken }
            return .whole(body)
        }
    }

    /// Hands at most ``pieceSize`` bytes to libfcgi.
    ///
    /// Blocks if the connection has no room, so wait for room first. Without `flushing` nothing is sent yet, and
    /// the next call must be ``finish(abandoning:)``.
    func send(_ bytes: ArraySlice<UInt8>, flushing: Bool) throws(ConnectionLost) {
        let isSent = isOpen.withLock { isOpen in
            guard isOpen, let output = request.pointee.out else { return false }
            let isTaken = bytes.withUnsafeBytes { raw in
                guard let start = raw.baseAddress, let count = Int32(exactly: raw.count) else { return raw.isEmpty }
                return FCGX_PutStr(start.assumingMemoryBound(to: CChar.self), count, output) == count
            }
            guard isTaken else { return false }
            guard flushing else { return true }
            // After one failure the next flush reports success, so the stream's own error counts.
            return FCGX_FFlush(output) == 0 && FCGX_GetError(output) == 0
        }
        guard isSent else { throw ConnectionLost() }
    }

    /// Ends the request and closes the connection; the first call counts.
    ///
    /// Sends what is left and the end record, so wait for room first. When `abandoning`, nothing is sent and the
    /// web server sees a response that was cut.
    ///
    /// - Returns: Whether the response went out whole.
    @discardableResult
    func finish(abandoning: Bool) -> Bool {
        isOpen.withLock { isOpen in
            guard isOpen else { return false }
            isOpen = false
            request.pointee.keepConnection = 0
            // libfcgi always sends the end; on a connection that is shut down this fails at once.
            if abandoning { shutdown(descriptor, Int32(SHUT_RDWR)) }
            // Closed here and not by FCGX_Finish_r, which forgets whether it worked.
            let isWhole = FCGX_FClose(request.pointee.err) == 0 && FCGX_FClose(request.pointee.out) == 0
            FCGX_Finish_r(request)
            return isWhole && !abandoning
        }
    }
}
