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

    /// Takes over `connection`, from which a request was read.
    ///
    /// libfcgi makes its streams only while it reads a request, and reads in such a way that a slow peer holds a
    /// thread. So the request was read by ``RequestIntake``, and libfcgi is given an empty one with the same id from
    /// a socket of our own.
    ///
    /// - Parameter id: By which the web server knows the request.
    /// - Throws: `SystemCallError`; the connection stays the caller's then.
    init(connection: Int32, id: UInt16) throws(SystemCallError) {
        descriptor = connection
        request = .allocate(capacity: 1)
        FCGX_InitRequest(request, -1, 0)
        var (own, libfcgi): (Int32, Int32) = (-1, -1)
        guard cfcgi_socket_pair(&own, &libfcgi) == 0 else {
            let error = SystemCallError("socketpair")
            isOpen.withLock { $0 = false }
            throw error
        }
        defer {
            close(own)
            close(libfcgi)
        }
        let (high, low) = (UInt8(id >> 8), UInt8(id & 0xFF))
        let (begin, parameters): (UInt8, UInt8) = (1, 4)
        let records =
            [1, begin, high, low, 0, 8, 0, 0] + [0, 1, 0, 0, 0, 0, 0, 0] + [1, parameters, high, low, 0, 0, 0, 0]
        _ = write(own, records, records.count)
        request.pointee.ipcFd = libfcgi
        // Without this FCGX_Accept_r begins with closing the connection.
        request.pointee.keepConnection = 1
        // Without this closing waits up to two seconds for the peer to close first.
        FCGX_Detach(request)
        let isBegun = FCGX_Accept_r(request) == 0
        request.pointee.ipcFd = connection
        request.pointee.keepConnection = 0
        guard isBegun else {
            // libfcgi has closed its end itself, so the number may be another's by now.
            libfcgi = -1
            isOpen.withLock { $0 = false }
            let error = SystemCallError("FCGX_Accept_r", number: EPROTO)
            throw error
        }
        // Its buffer is as large as that of the answer, and the request may wait for minutes.
        FCGX_FreeStream(&request.pointee.in)
    }

    deinit {
        finish(abandoning: true)
        request.deallocate()
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
