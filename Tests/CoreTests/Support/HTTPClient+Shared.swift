@testable import Core

extension HTTPClient {
    /// One client for all tests: each keeps its thread until the process ends.
    static let shared = HTTPClient()
}
