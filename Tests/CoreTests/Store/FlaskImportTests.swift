import Testing

@testable import Core

struct FlaskImportTests {
    private let directory = TemporaryDirectory()
    private static let keys = ["Ab1", "Cd2", "Ef3", "Gh4"].map { String(repeating: $0, count: 10) + "xY" }

    private var users: JSON {
        [
            "API_KEYS": .object(
                JSONObject(unchecked: [
                    .init(
                        name: Self.keys[0],
                        value: [
                            "user_id": "changeme", "username": "changeme", "plus": false, "clients": ["self"],
                            "is_client": true, "is_admin": true,
                        ]),
                    .init(
                        name: Self.keys[1],
                        value: [
                            "user_id": "bot", "username": "Bot", "plus": "true", "clients": ["self"],
                            "is_client": "true",
                        ]),
                    .init(
                        name: Self.keys[2],
                        value: [
                            "user_id": "u1", "username": "Ada", "plus": .null, "clients": ["bot"], "is_client": .null,
                        ]),
                    .init(name: "too-short", value: ["user_id": "u2"]),
                    .init(name: Self.keys[3], value: ["user_id": .null]),
                ]))
        ]
    }

    private var conversations: JSON {
        [
            "users": [
                "u1": [
                    "username": "Ada",
                    "conversations": [
                        "c001": [
                            "title": "Rivers", "api_instance_type": "builtin", "api_instance": "Pool@example.org",
                            "messages": [
                                "b002": ["prompt": "second", "reply": "two", "origin_time": "2023-03-01 10:00:05"],
                                "b001": [
                                    "prompt": "first", "reply": "one", "origin_time": "2023-03-01 10:00:00.123456",
                                ],
                            ],
                        ],
                        "c002": [
                            "title": "Mine", "api_instance_type": "user", "api_instance": JSON(Self.keys[2]),
                            "messages": ["b003": ["prompt": "p", "reply": "r", "origin_time": "2023-03-02 10:00:00"]],
                        ],
                        "c003": ["title": "Empty", "api_instance_type": "builtin", "messages": [:]],
                    ],
                ],
                "nobody": ["conversations": ["c009": ["messages": ["b": ["prompt": "p", "reply": "r"]]]]],
            ]
        ]
    }

    private var accounts: [Account] {
        [
            Account(
                id: Account.ID(rawValue: "pool-1"),
                kind: .chatGPT(.init(email: "pool@example.org", password: Secret("x"))))
        ]
    }

    private func run(_ store: JSONFileStore, isDryRun: Bool = false) async throws -> FlaskImport.Report {
        var work = FlaskImport(store: store, accounts: accounts, isDryRun: isDryRun)
        return try await work.run(users: users, conversations: conversations)
    }

    @Test func `users keep their keys, roles and owners, and conversations their order and account`() async throws {
        let store = try directory.store()

        let report = try await run(store)

        #expect(report.addedUsers == 3)
        #expect(report.addedConversations == 2)
        #expect(report.problems == 4)
        let digests = try Self.keys.map { try #require(APIKey($0)).digest }
        #expect(try store.user(withKey: digests[0])?.role == .admin)
        #expect(try store.user(withKey: digests[1])?.role == .client)
        #expect(try store.user(withKey: digests[1])?.hasPlus == true)
        let ada = try #require(try store.user(withKey: digests[2]))
        #expect(ada.id == User.ID(owner: "bot", userID: "u1"))
        #expect(!ada.hasPlus)
        let thread = try #require(try store.conversation("c001", of: ada.archive))
        #expect(thread.turns.map(\.id) == ["b001", "b002"])
        #expect(thread.turns[0].startedAt.localText == "2023-03-01 10:00:00.123456")
        #expect(thread.origin == .account(Account.ID(rawValue: "pool-1")))
        #expect(thread.upstreamID == "c001")
        #expect(try store.conversations(of: ada.archive, before: nil, limit: 9).map(\.id) == ["c002", "c001"])
    }

    @Test func `no key of the old files is stored anywhere but as its digest`() async throws {
        let store = try directory.store()
        let report = try await run(store)
        let stored = try #require(
            try AppendLog.read(store.log(of: store.archive(of: "u1", owner: "bot"))))
        for key in Self.keys {
            #expect(!report.lines.joined().contains(key))
            #expect(!stored.objects.map(\.text).joined().contains(key))
        }
    }

    @Test func `a second run and a dry run change nothing`() async throws {
        let store = try directory.store()
        let dry = try await run(store, isDryRun: true)
        #expect(dry.addedUsers == 3)
        #expect(dry.addedConversations == 2)
        #expect(try store.users(ownedBy: nil, before: nil, limit: 9).isEmpty)

        _ = try await run(store)
        let again = try await run(store)

        #expect(again.addedUsers == 0)
        #expect(again.addedConversations == 0)
    }

    @Test func `an export has every user and conversation, and no key`() async throws {
        let store = try directory.store()
        _ = try await run(store)

        var lines: [JSON] = []
        try await Export(store: store).everything { lines.append($0) }

        #expect(lines.filter { $0["type"]?.string == "user" }.count == 3)
        let threads = lines.filter { $0["type"]?.string == "conversation" }
        #expect(threads.map { $0["turns"]?.array?.count } == [1, 2])
        #expect(threads.allSatisfy { $0["owner"]?.string == "bot" })
        #expect(!lines.map(\.text).joined().contains("digest"))
    }
}
