import Logging
import Synchronization
import Testing

@testable import Core

@Suite(.timeLimit(.minutes(1))) struct ModelCatalogueTests {
    /// Lists models as a test says; one account hangs.
    private final class ListingDriver: UpstreamDriver {
        let asked = Mutex<[Account.ID]>([])
        let answer: @Sendable (Account) throws(UpstreamError) -> UpstreamModels

        init(_ answer: @escaping @Sendable (Account) throws(UpstreamError) -> UpstreamModels) { self.answer = answer }

        func send(_ prompt: UpstreamPrompt, to account: Account) async throws(UpstreamError) -> any UpstreamReply {
            throw UpstreamError(.unreachable, .transient, "not for turns")
        }

        func title(
            for turn: Turn, of conversation: Conversation, from account: Account, user: String
        ) async throws(UpstreamError) -> UpstreamTitle? { nil }

        func models(of account: Account) async throws(UpstreamError) -> UpstreamModels {
            asked.withLock { $0.append(account.id) }
            if account.id.rawValue == "hung" { try? await Task.sleep(for: .seconds(3600)) }
            return try answer(account)
        }
    }

    private let directory = TemporaryDirectory()
    private let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    private let good = GatewayFixture.account("good")
    private let hung = GatewayFixture.account("hung")

    private func catalogue(_ accounts: [Account], _ store: JSONFileStore, _ driver: ListingDriver) -> ModelCatalogue {
        ModelCatalogue(accounts: accounts, store: store, drivers: UpstreamDrivers(openAI: driver), log: log)
    }

    @Test func `the first list waits for the first answer and not for one that hangs`() async throws {
        let driver = ListingDriver { _ throws(UpstreamError) in
            UpstreamModels([UpstreamModel("m"), UpstreamModel("text-embedding-3-small")])
        }
        let catalogue = catalogue([hung, good], try directory.store(), driver)

        let models = await catalogue.models(of: [hung, good])

        #expect(models == ["m"])
        #expect(await catalogue.offers("m", good) == true)
        #expect(await catalogue.offers("x", good) == false)
        #expect(await catalogue.offers("m", hung) == nil)
    }

    @Test func `what is not known is not waited for on the way of a turn`() async throws {
        let driver = ListingDriver { _ throws(UpstreamError) in UpstreamModels([]) }
        let catalogue = catalogue([hung], try directory.store(), driver)
        catalogue.begin()

        let taken = await ContinuousClock().measure { #expect(await catalogue.offers("m", hung) == nil) }

        #expect(taken < .seconds(1))
    }

    @Test func `a failure is kept and the list before it stays, for other processes too`() async throws {
        let store = try directory.store()
        var list = ModelList(fingerprint: good.fingerprint)
        list.note(UpstreamModels([UpstreamModel("m")]), at: .now + .seconds(-3600))
        try store.keepModelList(list, of: good.id)
        let driver = ListingDriver { _ throws(UpstreamError) in
            throw UpstreamError(.unreachable, .transient, "connect failed")
        }

        let first = catalogue([good], store, driver)
        first.begin()
        while try store.modelList(of: good.id)?.failures == 0 { try await Task.sleep(for: .milliseconds(5)) }
        let second = catalogue([good], try directory.store(), driver)

        #expect(await second.models(of: [good]) == ["m"])
        #expect(driver.asked.withLock { $0 } == [good.id])
    }

    @Test func `a failure is not waited for again`() async throws {
        let store = try directory.store()
        var list = ModelList(fingerprint: good.fingerprint)
        list.noteFailure(at: .now)
        try store.keepModelList(list, of: good.id)
        let driver = ListingDriver { _ throws(UpstreamError) in UpstreamModels([]) }
        let catalogue = catalogue([good], store, driver)

        #expect(await catalogue.models(of: [good]).isEmpty)
        #expect(driver.asked.withLock { $0 }.isEmpty)
    }

    @Test func `one of several that watch asks`() async throws {
        let driver = ListingDriver { _ throws(UpstreamError) in UpstreamModels([UpstreamModel("m")]) }
        let store = try directory.store()
        let all = try (0..<4).map { _ in catalogue([good], try directory.store(), driver) }

        for catalogue in all { catalogue.begin() }
        for catalogue in all { #expect(await catalogue.models(of: [good]) == ["m"]) }

        #expect(driver.asked.withLock { $0 } == [good.id])
        #expect(try store.modelList(of: good.id)?.failures == 0)
    }

    @Test func `an account that is out is not asked, and other settings make the list unknown`() async throws {
        let store = try directory.store()
        try store.noteAccount(good, .disabled)
        let driver = ListingDriver { _ throws(UpstreamError) in UpstreamModels([UpstreamModel("m")]) }
        var list = ModelList(fingerprint: "of other settings")
        list.note(UpstreamModels([UpstreamModel("old")]), at: .now)
        try store.keepModelList(list, of: good.id)

        let catalogue = catalogue([good], store, driver)

        #expect(await catalogue.models(of: [good]).isEmpty)
        #expect(driver.asked.withLock { $0 }.isEmpty)
    }
}
