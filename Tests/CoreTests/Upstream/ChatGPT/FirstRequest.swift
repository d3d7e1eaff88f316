import Synchronization

/// Remembers the first of several texts.
final class FirstRequest: Sendable {
    private let first = Mutex<String?>(nil)

    func keep(_ text: String) -> String {
        first.withLock { first in
            if first == nil { first = text }
            return first ?? text
        }
    }
}
