import Glibc
import Testing

@testable import FCGIApp

@Suite(.serialized, .timeLimit(.minutes(3)))
struct ServeTests {
    private func started(workers: Int = 2) async throws -> ServeProcess {
        let directory = try TemporaryDirectory()
        try directory.write("{}", to: "settings.json")
        let serve = try ServeProcess(in: directory, workers: workers)
        let line = try await onOwnThread { serve.line() }
        try #require(line == "ready\n")
        return serve
    }

    private static func ask(_ path: String) throws -> Bool {
        let client = try FCGIClient(path: path)
        client.send("GET", "/healthz")
        let reply = client.reply()
        return reply.isWhole && reply.status != nil
    }

    @Test func answersOnceItSaysReadyAndRemovesItsSocketOnTerm() async throws {
        let serve = try await started()

        #expect(try Self.ask(serve.socket))
        #expect(serve.workers().count == 2)
        serve.signal(SIGTERM)

        #expect(try await onOwnThread { serve.wait() } == .exited(0))
        #expect(access(serve.socket, F_OK) != 0)
    }

    @Test func startsAKilledWorkerAgain() async throws {
        let serve = try await started()
        let before = serve.workers()
        let victim = try #require(before.first)

        kill(victim, SIGKILL)
        let isBack = try await onOwnThread {
            serve.waitUntil { serve.workers().count == 2 && !serve.workers().contains(victim) }
        }

        #expect(isBack)
        #expect(serve.workers().isSuperset(of: before.subtracting([victim])))
        #expect(try Self.ask(serve.socket))
    }

    @Test func swapsItsWorkersUnderLoadWithoutLosingARequest() async throws {
        let serve = try await started()
        let before = serve.workers()
        let isDone = Flag()

        // Two callers ask without a pause while the workers are swapped three times.
        async let first = onOwnThread { try Self.load(serve.socket, until: isDone) }
        async let second = onOwnThread { try Self.load(serve.socket, until: isDone) }
        let swaps = try await onOwnThread {
            (1...3).allSatisfy { round in
                serve.signal(SIGHUP)
                return serve.waitForLog("All workers are replaced", times: round)
            }
        }
        isDone.raise()
        let results = try await [first, second]

        #expect(swaps)
        // A worker that drains is still there for a moment.
        #expect(try await onOwnThread { serve.waitUntil { serve.workers().isDisjoint(with: before) } })
        #expect(results.allSatisfy { $0.answered > 0 && $0.lost == 0 })
    }

    private static func load(_ socket: String, until isDone: Flag) throws -> (
        answered: Int, lost: Int
    ) {
        var answered = 0
        var lost = 0
        while !isDone.isRaised {
            if try ask(socket) { answered += 1 } else { lost += 1 }
        }
        return (answered, lost)
    }

    @Test func keepsItsWorkersWhenTheNewSettingsAreRefused() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("{}", to: "settings.json")
        let serve = try ServeProcess(in: directory)
        try #require(try await onOwnThread { serve.line() } == "ready\n")
        let before = serve.workers()

        unlink(directory.file("settings.json"))
        serve.signal(SIGHUP)
        let isRefused = try await onOwnThread { serve.waitForLog("settings are refused") }

        #expect(isRefused)
        #expect(serve.workers() == before)
        #expect(try Self.ask(serve.socket))
    }

    @Test func endsWithAFailureWithoutSettings() async throws {
        let serve = try ServeProcess(in: TemporaryDirectory())

        let end = try await onOwnThread { serve.wait() }

        #expect(end == .exited(1))
        #expect(serve.line().isEmpty)
        #expect(access(serve.socket, F_OK) != 0)
    }

    @Test func leavesNoWorkersBehindWhenItIsKilled() async throws {
        let serve = try await started()
        let workers = serve.workers()

        serve.signal(SIGKILL)
        let areGone = try await onOwnThread {
            _ = serve.wait()
            // Without arguments it is gone, or waits for a parent that reads its status.
            return serve.waitUntil { workers.allSatisfy { ServeProcess.read("/proc/\($0)/cmdline").isEmpty } }
        }

        #expect(areGone)
    }
}
