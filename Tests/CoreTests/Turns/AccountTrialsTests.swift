import Logging
import Testing

@testable import Core

struct AccountTrialsTests {
    private let directory = TemporaryDirectory()
    private let account = GatewayFixture.account("a")
    private let web = Account(id: Account.ID(rawValue: "w"), kind: .chatGPT(.init(accessToken: Secret("t"))))
    private let failure = UpstreamError(.refused, .transient, "status 500", status: 500)

    /// Notes a failure and finds out what it means.
    private func verdict(
        _ trials: AccountTrials, _ store: JSONFileStore, on account: Account, after error: UpstreamError,
        by caller: String = "u"
    ) async throws -> AccountTrials.Verdict {
        let health = try store.noteAccount(account, .failure(error, caller: caller))
        return await trials.begin(on: account, after: error, health).value
    }

    private func trials(_ driver: ScriptedDriver) throws -> (AccountTrials, JSONFileStore) {
        let store = try directory.store()
        let drivers = UpstreamDrivers(openAI: driver, chatGPT: driver)
        let log = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        return (AccountTrials(store: store, drivers: drivers, log: log), store)
    }

    @Test func `a probe that goes well acquits, and holds for the next failures`() async throws {
        let driver = ScriptedDriver()
        let (trials, store) = try trials(driver)
        let start = ContinuousClock.now

        for number in 0..<50 {
            #expect(try await verdict(trials, store, on: account, after: failure, by: "u-\(number)") == .innocent)
        }

        // One, and where other tests slow this one down another for each time that the last has ended to hold.
        let lives = Int((ContinuousClock.now - start).microseconds / AccountHealth.acquittalLife.microseconds)
        #expect((1...(1 + lives)).contains(driver.asked.count))
        #expect(try store.health(of: account.id).isUntouched)
    }

    @Test(arguments: [
        UpstreamError(.refused, .transient, "status 503"), UpstreamError(.unreachable, .transient, "connect failed"),
        UpstreamError(.badReply, .transient, "chunk is not JSON"), UpstreamError(.refused, .rateLimited, "status 429"),
        UpstreamError(.refused, .credential, "status 401"),
    ])
    func `a probe that fails takes the account out, for one caller, too`(probe: UpstreamError) async throws {
        let driver = ScriptedDriver()
        let (trials, store) = try trials(driver)
        driver.fail(account.id, with: probe)

        #expect(try await verdict(trials, store, on: account, after: failure, by: "u") == .guilty)

        let health = try store.health(of: account.id)
        #expect(health.isOut(at: .now, fingerprint: account.fingerprint))
        #expect(health.reason == probe.reason)
        #expect(try await verdict(trials, store, on: account, after: failure, by: "u") == .guilty)
        #expect(driver.asked.count == 1)
    }

    @Test func `an answer that breaks off is a failed probe`() async throws {
        let driver = ScriptedDriver { _ in
            [.success(.text("O")), .failure(UpstreamError(.truncated, .transient, "cut"))]
        }
        let (trials, store) = try trials(driver)

        #expect(try await verdict(trials, store, on: account, after: failure, by: "u") == .guilty)
    }

    @Test(arguments: [FailureClass.callerFault, .modelUnavailable])
    func `an account that refuses the probe itself is there`(refusal: FailureClass) async throws {
        let driver = ScriptedDriver()
        let (trials, store) = try trials(driver)
        driver.fail(account.id, with: UpstreamError(.refused, refusal, "status 400"))

        #expect(try await verdict(trials, store, on: account, after: failure, by: "u") == .innocent)
        #expect(try store.health(of: account.id).isUntouched)
    }

    @Test func `callers who fail at the same time wait for one probe`() async throws {
        let driver = ScriptedDriver()
        let (trials, store) = try trials(driver)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { _ = try await verdict(trials, store, on: account, after: failure, by: "u-\(number)") }
            }
            try await group.waitForAll()
        }

        #expect(driver.asked.count == 1)
    }

    @Test func `the web backend is never probed, and failures of two callers rest it`() async throws {
        let driver = ScriptedDriver()
        let (trials, store) = try trials(driver)

        for _ in 0..<10 { #expect(try await verdict(trials, store, on: web, after: failure, by: "u") == .undecided) }
        #expect(!(try store.health(of: web.id).isOut(at: .now, fingerprint: web.fingerprint)))
        #expect(try await verdict(trials, store, on: web, after: failure, by: "v") == .guilty)

        #expect(driver.asked.isEmpty)
    }

    @Test func `a turn that goes well in between speaks for the web backend`() async throws {
        let (trials, store) = try trials(ScriptedDriver())

        _ = try await verdict(trials, store, on: web, after: failure, by: "u")
        try store.noteAccount(web, .success)
        let verdict = try await verdict(trials, store, on: web, after: failure, by: "v")

        #expect(verdict == .innocent)
    }

    @Test func `what fails before the prompt is sent rests the web backend at once`() async throws {
        let (trials, store) = try trials(ScriptedDriver())
        var unsent = UpstreamError(.unreachable, .transient, "connect failed")
        unsent.wasSent = false

        #expect(try await verdict(trials, store, on: web, after: unsent, by: "u") == .guilty)
    }
}
