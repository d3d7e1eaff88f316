import Glibc
import Synchronization

/// One accepted connection of a ``RawServer``, used by its script's thread.
final class RawConnection: Sendable {
    /// A request as it came over the wire.
    struct Request: Sendable {
        var line: String
        var headers: [String: String]
        var body: [UInt8]
    }

    /// 1 for the server's first connection.
    let number: Int
    private let descriptor: Int32
    private let received = Mutex<[UInt8]>([])

    init(_ descriptor: Int32, number: Int) {
        self.descriptor = descriptor
        self.number = number
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
        // So that the kernel hides little of a peer that does not read.
        var buffer: Int32 = 64 << 10
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &buffer, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The next request with its body, nil once the peer closed.
    func readRequest() -> Request? {
        while true {
            let head = received.withLock { buffer -> [UInt8]? in
                guard let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
                defer { buffer.removeSubrange(..<end.upperBound) }
                return Array(buffer[..<end.lowerBound])
            }
            if let head {
                let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n").map(String.init)
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let halves = line.split(separator: ":", maxSplits: 1).map(String.init)
                    guard halves.count == 2 else { continue }
                    headers[halves[0].lowercased()] = String(halves[1].drop { $0 == " " })
                }
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                guard let body = read(length) else { return nil }
                return Request(line: lines.first ?? "", headers: headers, body: body)
            }
            guard receive() else { return nil }
        }
    }

    /// Exactly `count` bytes, nil once the peer closed.
    func read(_ count: Int) -> [UInt8]? {
        while true {
            let bytes = received.withLock { buffer -> [UInt8]? in
                guard buffer.count >= count else { return nil }
                defer { buffer.removeFirst(count) }
                return Array(buffer.prefix(count))
            }
            if let bytes { return bytes }
            guard receive() else { return nil }
        }
    }

    @discardableResult func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Whether everything could be written.
    @discardableResult func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Writes until the peer took nothing for half a second; gives the number of bytes that went out.
    func writeUntilStalled(_ bytes: [UInt8]) -> Int {
        var sent = 0
        while sent < bytes.count {
            var writable = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&writable, 1, 500) > 0 else { break }
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
            guard count > 0 else { break }
            sent += count
        }
        return sent
    }

    /// Waits until the peer closes; false if it says something more or stays for twenty seconds.
    func waitForClose() -> Bool {
        var byte: UInt8 = 0
        while true {
            let count = recv(descriptor, &byte, 1, 0)
            if count < 0 && errno == EINTR { continue }
            return count == 0 || (count < 0 && errno == ECONNRESET)
        }
    }

    /// Makes the close to come an RST in place of a FIN.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    func close() { _ = Glibc.close(descriptor) }

    private func receive() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            received.withLock { $0.append(contentsOf: bytes.prefix(count)) }
            return true
        }
    }
}

extension RawConnection {
    /// Writes a whole answer that leaves the connection open.
    @discardableResult func answer(_ body: String, status: String = "200 OK", headers: String...) -> Bool {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
        return write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
}
