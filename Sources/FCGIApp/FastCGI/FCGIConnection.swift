import CFCGI
import Glibc

/// One FastCGI request of libfcgi, from accept to finish. The only owner of the `FCGX_Request` and its streams.
///
/// Unchecked: one thread accepts and reads, hands it to one task, and never touches it again.
final class FCGIConnection: @unchecked Sendable {
    /// At most so many bytes are written at once: with its record header one buffer of libfcgi, which a socket
    /// that is writable takes without blocking.
    static let pieceSize = 8000

    // libfcgi keeps the address between its calls.
    private let request: UnsafeMutablePointer<FCGX_Request>
    private var isFinished = false

    private init(_ request: UnsafeMutablePointer<FCGX_Request>) { self.request = request }

    deinit {
        finish()
        request.deallocate()
    }

    enum Accepted {
        case connection(FCGIConnection)
        /// Another thread was faster, or the peer gave up.
        case nothing
        /// The descriptor table or memory is full.
        case exhausted
    }

    /// Accepts a waiting connection and reads the request's parameters.
    static func accept(on listener: Int32) -> Accepted {
        let request = UnsafeMutablePointer<FCGX_Request>.allocate(capacity: 1)
        request.initialize(to: FCGX_Request())
        FCGX_InitRequest(request, listener, 0)
        let status = FCGX_Accept_r(request)
        guard status >= 0 else {
            request.deallocate()
            return [-EMFILE, -ENFILE, -ENOBUFS, -ENOMEM].contains(status) ? .exhausted : .nothing
        }
        // A kept connection would stay bound to this request.
        request.pointee.keepConnection = 0
        return .connection(FCGIConnection(request))
    }

    var descriptor: Int32 { request.pointee.ipcFd }

    /// The CGI parameters as bytes between their first "=".
    func parameters() -> [String: String] {
        var parameters: [String: String] = [:]
        var next = request.pointee.envp
        while let entry = next?.pointee {
            let text = String(cString: entry)
            if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                parameters[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next = next?.successor()
        }
        return parameters
    }

    /// Reads the body to its end, which must be done before the request is finished.
    ///
    /// - Returns: Nil for a body beyond `limit`, which is read and dropped.
    func readBody(limit: Int, expected: Int) -> [UInt8]? {
        var body: [UInt8] = []
        var isTooLarge = expected > limit
        if !isTooLarge { body.reserveCapacity(expected) }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer in
            while true {
                let count = Int(FCGX_GetStr(buffer.baseAddress, Int32(buffer.count), request.pointee.in))
                guard count > 0 else { return }
                isTooLarge = isTooLarge || body.count + count > limit
                if isTooLarge { body = [] } else { body.append(contentsOf: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])) }
            }
        }
        return isTooLarge ? nil : body
    }

    /// Puts bytes into libfcgi's buffer, which it sends when it is full.
    func put(_ bytes: UnsafeRawBufferPointer) {
        bytes.withMemoryRebound(to: CChar.self) { buffer in
            _ = FCGX_PutStr(buffer.baseAddress, Int32(buffer.count), request.pointee.out)
        }
    }

    /// Sends what is buffered.
    ///
    /// - Returns: False once the connection has failed. libfcgi reports that once and then says 0 again.
    func flush() -> Bool { FCGX_FFlush(request.pointee.out) == 0 && FCGX_GetError(request.pointee.out) == 0 }

    /// Sends the end of the answer and closes the connection.
    func finish() {
        guard !isFinished else { return }
        isFinished = true
        // Otherwise libfcgi lingers on the closed socket for up to two seconds.
        FCGX_Detach(request)
        FCGX_Finish_r(request)
    }
}
