import Core
import Glibc

@testable import FCGIApp

/// A web server's side of one FastCGI connection, after the protocol's own specification; blocking.
///
/// Unchecked: a test uses one from one thread at a time.
final class FCGIClient: @unchecked Sendable {
    struct Reply {
        var output: [UInt8] = []
        /// Whether the end record came, so that nothing is missing.
        var isWhole = false

        private var split: (head: String, body: ArraySlice<UInt8>) {
            let mark = Array("\r\n\r\n".utf8)
            for start in output.indices where output[start...].starts(with: mark) {
                return (String(decoding: output[..<start], as: UTF8.self), output[(start + 4)...])
            }
            return ("", [])
        }
        var lines: [String] { split.head.split(separator: "\r\n").map(String.init) }
        var status: Int? { self["status"].flatMap { Int($0.prefix(3)) } }
        var body: [UInt8] { Array(split.body) }
        var text: String { String(decoding: split.body, as: UTF8.self) }

        subscript(name: String) -> String? {
            lines.first { $0.lowercased().hasPrefix(name + ": ") }.map { String($0.dropFirst(name.utf8.count + 2)) }
        }
    }

    private var descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // A test that waits for ever says nothing.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard status == 0 else {
            let error = SystemCallError("connect")
            close()
            throw error
        }
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Sends a request; further or other parameters override the usual ones, an empty value removes.
    func send(
        _ method: String = "GET", _ target: String, body: [UInt8] = [], parameters: [String: String] = [:],
        keepConnection: Bool = false, id: UInt16 = 1, piece: Int = .max
    ) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var all = [
            "REQUEST_METHOD": method, "DOCUMENT_URI": String(parts.first ?? ""),
            "QUERY_STRING": parts.count > 1 ? String(parts[1]) : "", "REMOTE_ADDR": "192.0.2.7",
            "CONTENT_LENGTH": body.isEmpty ? "" : String(body.count), "REQUEST_ID": "0123456789abcdef0123456789abcdef",
        ]
        all.merge(parameters) { $1 }
        var encoded: [UInt8] = []
        for (name, value) in all {
            for text in [name, value] {
                let count = text.utf8.count
                if count < 128 {
                    encoded.append(UInt8(count))
                } else {
                    encoded += [
                        UInt8(count >> 24) | 0x80, UInt8(count >> 16 & 255), UInt8(count >> 8 & 255),
                        UInt8(count & 255),
                    ]
                }
            }
            encoded += Array(name.utf8) + Array(value.utf8)
        }
        var stream = record(1, id, [0, 1, keepConnection ? 1 : 0, 0, 0, 0, 0, 0])
        stream += records(4, id, encoded) + records(5, id, body)
        while !stream.isEmpty {
            write(Array(stream.prefix(piece)))
            stream.removeFirst(min(piece, stream.count))
        }
    }

    func write(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            start += count
        }
    }

    /// Reads up to the end record or the end of the connection.
    func reply() -> Reply {
        var reply = Reply()
        while let header = read(8) {
            let length = Int(header[4]) << 8 | Int(header[5])
            guard let content = read(length), read(Int(header[6])) != nil else { break }
            if header[1] == 6 { reply.output += content }
            if header[1] == 3 {
                reply.isWhole = true
                break
            }
        }
        return reply
    }

    /// Reads exactly `count` bytes of the connection; nil at its end.
    func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var start = 0
        while start < count {
            let got = bytes[start...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard got > 0 else { return nil }
            start += got
        }
        return bytes
    }

    /// Whether the server closes the connection within `time`, having sent nothing.
    func hasEnded(within time: Duration) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, time.pollTimeout) > 0 else { return false }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) <= 0
    }

    private func records(_ type: UInt8, _ id: UInt16, _ content: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var start = 0
        while start < content.count {
            let end = min(start + 32768, content.count)
            output += record(type, id, Array(content[start..<end]))
            start = end
        }
        return output + record(type, id, [])
    }

    private func record(_ type: UInt8, _ id: UInt16, _ content: [UInt8]) -> [UInt8] {
        [1, type, UInt8(id >> 8), UInt8(id & 255), UInt8(content.count >> 8), UInt8(content.count & 255), 0, 0]
            + content
    }
}
