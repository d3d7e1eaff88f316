import Core

/// Runs blocking `work` on a thread of its own, so that tests do not stop each other's tasks.
func onOwnThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        startThread { continuation.resume(with: Swift.Result { try work() }) }
    }
}
