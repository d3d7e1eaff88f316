import Core
import HTTPTypes
import Synchronization

/// Answers as its closure says, and remembers what became of each request.
final class ScriptedResponder: Responder {
    struct Ending: Equatable {
        var path: String
        var status: Int
        var bytesSent: Int
        var hasClientLeft: Bool
    }

    private struct State {
        var endings: [Ending] = []
        var watchers: [(count: Int, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let answer: @Sendable (Request) async -> Response

    init(_ answer: @escaping @Sendable (Request) async -> Response) { self.answer = answer }

    func respond(to request: Request) async -> Response { await answer(request) }

    func finished(_ request: Request, status: Int, bytesSent: Int, duration: Duration, clientLeft: Bool) {
        let ending = Ending(path: request.path, status: status, bytesSent: bytesSent, hasClientLeft: clientLeft)
        let due = state.withLock { state in
            state.endings.append(ending)
            let due = state.watchers.filter { $0.count <= state.endings.count }.map(\.1)
            state.watchers.removeAll { $0.count <= state.endings.count }
            return due
        }
        for watcher in due { watcher.resume() }
    }

    /// The first `count` endings, once there are so many.
    func endings(_ count: Int) async -> [Ending] {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.endings.count < count { state.watchers.append((count, continuation)) }
                return state.endings.count >= count
            }
            if isOver { continuation.resume() }
        }
        return state.withLock { $0.endings }
    }
}
