import Synchronization

/// Open files on which no lease is held, for the next ones: a lease needs an open file of its own.
final class IdleLeaseFiles: Sendable {
    static let shared = IdleLeaseFiles()

    private static let most = KeptFileLimit.most
    private static let mostOfOne = 64

    private struct State {
        var files: [String: [KeptFile]] = [:]
        var count = 0
    }

    private let state = Mutex(State())

    func take(_ path: String) -> KeptFile? {
        while let kept = pop(path) {
            if kept.isInPlace { return kept }
        }
        return nil
    }

    func giveBack(_ kept: KeptFile) {
        state.withLock { state in
            var files = state.files[kept.file.path, default: []]
            guard state.count < Self.most, files.count < Self.mostOfOne else { return }
            files.append(kept)
            state.files[kept.file.path] = files
            state.count += 1
        }
    }

    private func pop(_ path: String) -> KeptFile? {
        state.withLock { state in
            guard let kept = state.files[path]?.popLast() else { return nil }
            state.count -= 1
            return kept
        }
    }
}
