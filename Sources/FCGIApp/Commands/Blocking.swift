import Core
import Dispatch
import Synchronization

/// Waits in a command for something asynchronous.
enum Blocking {
    /// Runs `work` on threads of its own and blocks this one until it is done.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
        let box = Box<Value>()
        let done = DispatchSemaphore(value: 0)
        Task(executorPreference: RequestExecutor(threads: 2)) {
            let result: Result<Value, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            box.result.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        guard let result = box.result.withLock({ $0 }) else { throw CommandFailure("Nothing came of it.") }
        do { return try result.get() } catch let error as GatewayError { throw CommandFailure(error.message) }
    }
}

/// Carries a result from the thread that has it to the one that waits.
private final class Box<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
}

/// A command that could not do its work; its description is what the operator reads.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(_ error: any Error) { description = "\(error)" }
}
