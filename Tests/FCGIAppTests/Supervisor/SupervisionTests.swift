import Testing

@testable import FCGIApp

struct SupervisionTests {
    /// Two workers, 1 and 2, that accept.
    private func serving() -> Supervision {
        var supervision = Supervision(workers: 2, limits: .init(start: .seconds(60), end: .seconds(40)))
        _ = supervision.begin()
        supervision.started(slot: 0, pid: 1, at: .zero)
        supervision.started(slot: 1, pid: 2, at: .zero)
        _ = supervision.becameReady(pid: 1, at: .zero)
        _ = supervision.becameReady(pid: 2, at: .zero)
        return supervision
    }

    @Test func isReadyOnceAllWorkersAccept() {
        var supervision = Supervision(workers: 2, limits: .init(end: .seconds(40)))

        #expect(supervision.begin() == [.start(slot: 0), .start(slot: 1)])
        supervision.started(slot: 0, pid: 1, at: .zero)
        supervision.started(slot: 1, pid: 2, at: .zero)
        #expect(supervision.becameReady(pid: 2, at: .zero) == [])
        #expect(supervision.becameReady(pid: 1, at: .zero) == [.announceReady])
    }

    @Test func endsWithAFailureWhenAWorkerDoesNotStart() {
        var supervision = Supervision(workers: 2, limits: .init(end: .seconds(40)))
        supervision.started(slot: 0, pid: 1, at: .zero)
        supervision.started(slot: 1, pid: 2, at: .zero)

        #expect(
            supervision.ended(pid: 1, .exited(1), at: .zero)
                == [.report(.startFailed(pid: 1, .exited(1))), .terminate(pid: 2)])
        #expect(supervision.ended(pid: 2, .exited(0), at: .zero) == [.exit(code: 1)])
    }

    @Test func startsADeadWorkerAgainAtOnceAndLaterWithADelay() {
        var supervision = serving()
        let killed = ProcessEnd.killed(signal: 9)

        #expect(
            supervision.ended(pid: 1, killed, at: .seconds(100))
                == [.report(.workerFailed(pid: 1, killed, restartIn: .zero)), .start(slot: 0)])
        supervision.started(slot: 0, pid: 3, at: .seconds(100))
        #expect(
            supervision.ended(pid: 3, killed, at: .seconds(101))
                == [.report(.workerFailed(pid: 3, killed, restartIn: .milliseconds(250)))])
        #expect(supervision.nextDeadline == .milliseconds(101_250))
        #expect(supervision.tick(at: .milliseconds(101_249)) == [])
        #expect(supervision.tick(at: .milliseconds(101_250)) == [.start(slot: 0)])
        #expect(supervision.tick(at: .milliseconds(101_251)) == [])
    }

    @Test func replacesWorkersOneAfterAnother() {
        var supervision = serving()

        #expect(supervision.reloadRequested() == [.checkSettings])
        #expect(supervision.reload() == [.start(slot: 0)])
        supervision.started(slot: 0, pid: 3, at: .zero)
        #expect(supervision.becameReady(pid: 3, at: .zero) == [.terminate(pid: 1), .start(slot: 1)])
        supervision.started(slot: 1, pid: 4, at: .zero)
        #expect(supervision.becameReady(pid: 4, at: .zero) == [.terminate(pid: 2), .report(.reloaded)])
        #expect(supervision.ended(pid: 1, .exited(0), at: .zero) == [])
        #expect(supervision.ended(pid: 2, .exited(0), at: .zero) == [])
    }

    @Test func keepsTheOldWorkersWhenANewOneDoesNotStart() {
        var supervision = serving()
        _ = supervision.reload()
        supervision.started(slot: 0, pid: 3, at: .zero)

        #expect(
            supervision.ended(pid: 3, .exited(1), at: .zero) == [.report(.replacementFailed(pid: 3, .exited(1)))])
        #expect(supervision.stop(at: .zero) == [.terminate(pid: 1), .terminate(pid: 2)])
    }

    @Test func aSecondReloadWaitsForTheFirst() {
        var supervision = serving()
        _ = supervision.reload()
        supervision.started(slot: 0, pid: 3, at: .zero)

        #expect(supervision.reloadRequested() == [])
        #expect(supervision.reloadRequested() == [])
        _ = supervision.becameReady(pid: 3, at: .zero)
        supervision.started(slot: 1, pid: 4, at: .zero)
        #expect(
            supervision.becameReady(pid: 4, at: .zero)
                == [.terminate(pid: 2), .report(.reloaded), .checkSettings])
    }

    @Test func aWorkerThatDiesWhileItIsReplacedIsNotStartedTwice() {
        var supervision = serving()
        _ = supervision.reload()
        supervision.started(slot: 0, pid: 3, at: .zero)

        #expect(
            supervision.ended(pid: 1, .exited(2), at: .zero)
                == [.report(.workerFailed(pid: 1, .exited(2), restartIn: .zero))])
        #expect(supervision.becameReady(pid: 3, at: .zero) == [.start(slot: 1)])
    }

    @Test func aSlotIsNeverLeftEmptyWhenBothItsWorkersDie() {
        var supervision = serving()
        _ = supervision.reload()
        supervision.started(slot: 0, pid: 3, at: .zero)
        _ = supervision.ended(pid: 1, .exited(2), at: .zero)

        let actions = supervision.ended(pid: 3, .exited(2), at: .zero)

        #expect(actions == [.report(.replacementFailed(pid: 3, .exited(2))), .start(slot: 0)])
    }

    @Test func killsAWorkerThatDoesNotEndInTime() {
        var supervision = serving()

        #expect(supervision.stop(at: .seconds(5)) == [.terminate(pid: 1), .terminate(pid: 2)])
        #expect(supervision.ended(pid: 1, .exited(0), at: .seconds(6)) == [])
        #expect(supervision.nextDeadline == .seconds(45))
        #expect(supervision.tick(at: .seconds(45)) == [.report(.tooSlowToEnd(pid: 2)), .kill(pid: 2)])
        #expect(supervision.tick(at: .seconds(46)) == [])
        #expect(supervision.ended(pid: 2, .killed(signal: 9), at: .seconds(46)) == [.exit(code: 0)])
    }

    @Test func killsAWorkerThatNeverAccepts() {
        var supervision = Supervision(workers: 1, limits: .init(start: .seconds(60), end: .seconds(40)))
        supervision.started(slot: 0, pid: 1, at: .zero)

        #expect(supervision.nextDeadline == .seconds(60))
        #expect(supervision.tick(at: .seconds(60)) == [.report(.tooSlowToStart(pid: 1)), .kill(pid: 1)])
        #expect(supervision.nextDeadline == nil)
    }

    @Test func doesNotStartWorkersWhileItStops() {
        var supervision = serving()
        _ = supervision.ended(pid: 1, .exited(1), at: .zero)
        _ = supervision.startFailed(slot: 0, at: .zero)

        #expect(supervision.stop(at: .zero) == [.terminate(pid: 2)])
        #expect(supervision.nextDeadline == .seconds(40))
        #expect(supervision.reloadRequested() == [])
        #expect(supervision.ended(pid: 2, .exited(0), at: .zero) == [.exit(code: 0)])
    }
}
