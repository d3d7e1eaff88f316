import Core
import Glibc

@testable import FCGIApp

/// A server in this process, on a socket in a directory of its own.
final class RunningServer: Sendable {
    let path: String
    let server: FCGIServer
    private let directory: TemporaryDirectory
    /// Its threads live as long as the process, so all tests share one.
    private static let threads = RequestExecutor(threads: 4)

    init(
        _ responder: any Responder, maxBodyBytes: Int = 2 << 20, requestTime: Duration = .seconds(30),
        isKept: Bool = false, isLight: Bool = true
    ) throws {
        // Both ends of every connection are in this process.
        WorkerEnvironment.raiseDescriptorLimit()
        directory = try TemporaryDirectory()
        path = directory.file("s.sock")
        socket = try ListeningSocket(path: path, group: nil)
        server = try FCGIServer(
            listeners: [.init(descriptor: socket.descriptor, isShared: !isKept)], responder: responder,
            threads: Self.threads,
            limits: .init(
                maxBodyBytes: { _ in maxBodyBytes }, isLight: { _ in isLight }, maxDrainedBytes: 8 << 20,
                requestTime: requestTime, spoolDirectory: directory.path))
        server.start()
    }

    /// Unchecked: set once, and closing it is left to the end of the test.
    private nonisolated(unsafe) let socket: ListeningSocket

    deinit { server.stopAccepting() }

    func ask(
        _ method: String = "GET", _ target: String, body: [UInt8] = [], parameters: [String: String] = [:]
    ) async throws -> FCGIClient.Reply {
        try await onOwnThread { [path] in
            let client = try FCGIClient(path: path)
            client.send(method, target, body: body, parameters: parameters)
            return client.reply()
        }
    }
}
