import Synchronization

@testable import Core

/// A kind of store that the contract holds for.
final class StoreUnderTest: Sendable, CustomStringConvertible {
    let description: String
    private let make: @Sendable (_ state: TemporaryDirectory) throws -> any Store
    private let states = Mutex([TemporaryDirectory]())

    private init(_ description: String, _ make: @escaping @Sendable (TemporaryDirectory) throws -> any Store) {
        self.description = description
        self.make = make
    }

    static let all = [
        StoreUnderTest("JSON files, flushed") { try $0.store() },
        StoreUnderTest("JSON files, synced") { try $0.store(durability: .fsync) },
    ]

    /// A new state that is open in as many workers.
    func open(workers: Int) throws -> [any Store] {
        let state = TemporaryDirectory()
        states.withLock { $0.append(state) }
        return try (0..<workers).map { _ in try make(state) }
    }

    /// A new state that is open in one worker.
    func open() throws -> any Store { try open(workers: 1)[0] }

    static func account(_ id: String, maxConcurrent: Int? = nil) -> Account {
        Account(
            id: Account.ID(rawValue: id), kind: .openAI(.init(baseURL: "http://127.0.0.1:1/v1", apiKey: nil)),
            maxConcurrent: maxConcurrent)
    }

    static func user(
        _ id: String, owner: User? = nil, role: User.Role = .user, key: APIKey = .generate()
    ) -> User {
        User(
            id: User.ID(owner: owner?.id.userID ?? User.selfOwner, userID: id), ownerNumber: owner?.number,
            username: "Name of \(id)", role: role, keys: [User.Key(key)])
    }
}
