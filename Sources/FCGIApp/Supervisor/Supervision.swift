/// Decides about the workers of a server: when to start, replace and end them.
///
/// Pure: events go in, actions come out, and the supervisor carries them out. Instants are durations since the
/// supervisor's start. A worker belongs to a slot as its current one or, during a reload, as the replacement;
/// once it was told to end it is only waited for.
struct Supervision {
    typealias Instant = Duration

    struct Limits: Equatable {
        /// How long a worker may take until it accepts.
        var start = Duration.seconds(60)
        /// How long a worker may take to end after it was told to.
        var end: Duration
    }

    enum Action: Equatable {
        case start(slot: Int)
        case terminate(pid: Int32)
        case kill(pid: Int32)
        /// All workers accept for the first time.
        case announceReady
        /// Settings are to be read; if they are good, call ``Supervision/reload()``.
        case checkSettings
        case exit(code: Int32)
        case report(Report)
    }

    /// Something the operator should read.
    enum Report: Equatable {
        case workerFailed(pid: Int32, ProcessEnd, restartIn: Duration)
        case startFailed(pid: Int32, ProcessEnd)
        case replacementFailed(pid: Int32, ProcessEnd)
        case reloaded
        case tooSlowToStart(pid: Int32)
        case tooSlowToEnd(pid: Int32)
    }

    private enum Phase: Equatable { case starting, serving, stopping(code: Int32) }

    private struct Worker {
        var pid: Int32
        var startedAt: Instant
        var isReady = false
        var isKilled = false
    }

    private struct Slot {
        var current: Worker?
        var replacement: Worker?
        var restartAt: Instant?
        var backoff = RestartBackoff()
    }

    private struct Leaving {
        var killAt: Instant
        var isKilled = false
    }

    private let limits: Limits
    private var phase = Phase.starting
    private var slots: [Slot]
    private var leaving: [Int32: Leaving] = [:]
    /// The slot whose worker is being replaced.
    private var reloading: Int?
    private var isReloadWanted = false

    init(workers: Int, limits: Limits) {
        slots = Array(repeating: Slot(), count: workers)
        self.limits = limits
    }

    /// When ``tick(at:)`` has something to do next.
    var nextDeadline: Instant? {
        let starts = slots.flatMap { [$0.current, $0.replacement] }
            .compactMap { $0 }.filter { !$0.isReady && !$0.isKilled }.map { $0.startedAt + limits.start }
        let ends = leaving.values.filter { !$0.isKilled }.map(\.killAt)
        return (starts + ends + slots.compactMap(\.restartAt)).min()
    }

    func begin() -> [Action] { slots.indices.map { .start(slot: $0) } }

    /// Takes note of a worker that was started for `slot`.
    mutating func started(slot: Int, pid: Int32, at now: Instant) {
        guard slots.indices.contains(slot) else { return }
        let worker = Worker(pid: pid, startedAt: now)
        if reloading == slot { slots[slot].replacement = worker } else { slots[slot].current = worker }
    }

    /// A worker could not even be started; it counts as one that died at once.
    mutating func startFailed(slot: Int, at now: Instant) -> [Action] {
        started(slot: slot, pid: 0, at: now)
        return ended(pid: 0, .notStarted, at: now)
    }

    /// A worker accepts.
    mutating func becameReady(pid: Int32, at now: Instant) -> [Action] {
        guard let index = slots.firstIndex(where: { $0.current?.pid == pid || $0.replacement?.pid == pid }) else {
            return []
        }
        if var replacement = slots[index].replacement, replacement.pid == pid {
            replacement.isReady = true
            let old = slots[index].current
            slots[index] = Slot(current: replacement, backoff: slots[index].backoff)
            return (old.map { [leave($0, at: now)] } ?? []) + replaceNext(after: index)
        }
        slots[index].current?.isReady = true
        guard phase == .starting, slots.allSatisfy({ $0.current?.isReady == true }) else { return [] }
        phase = .serving
        return [.announceReady] + wantedReload()
    }

    /// A worker is gone.
    mutating func ended(pid: Int32, _ end: ProcessEnd, at now: Instant) -> [Action] {
        if leaving.removeValue(forKey: pid) != nil { return exitIfEmpty() }
        if let index = slots.firstIndex(where: { $0.replacement?.pid == pid }) {
            return replacementEnded(index, pid: pid, end, at: now)
        }
        guard let index = slots.firstIndex(where: { $0.current?.pid == pid }), let worker = slots[index].current else {
            return []
        }
        slots[index].current = nil
        if phase == .starting, !worker.isReady {
            return [.report(.startFailed(pid: pid, end))] + stop(code: 1, at: now)
        }
        // While its replacement starts there is nothing to start again.
        let delay = reloading == index ? .zero : slots[index].backoff.delay(afterLiving: now - worker.startedAt)
        let report = Action.report(.workerFailed(pid: pid, end, restartIn: delay))
        return reloading == index ? [report] : [report] + restart(index, in: delay, at: now)
    }

    /// The operator asks for a reload; it waits until one that is running is over.
    mutating func reloadRequested() -> [Action] {
        guard phase == .serving, reloading == nil else {
            isReloadWanted = true
            return []
        }
        return [.checkSettings]
    }

    /// Replaces all workers, one after another.
    mutating func reload() -> [Action] {
        guard phase == .serving, reloading == nil else { return [] }
        return replaceNext(after: -1)
    }

    /// Ends all workers, then the supervisor, with `code`.
    mutating func stop(code: Int32 = 0, at now: Instant) -> [Action] {
        if case .stopping = phase { return [] }
        phase = .stopping(code: code)
        reloading = nil
        var actions: [Action] = []
        for index in slots.indices {
            for worker in [slots[index].current, slots[index].replacement].compactMap({ $0 }) {
                actions.append(leave(worker, at: now))
            }
            slots[index] = Slot()
        }
        return actions + exitIfEmpty()
    }

    /// Does what is due.
    mutating func tick(at now: Instant) -> [Action] {
        var actions: [Action] = []
        for index in slots.indices {
            if let due = slots[index].restartAt, due <= now { actions += restart(index, in: .zero, at: now) }
            if let pid = expire(&slots[index].current, at: now) { actions += tooSlowToStart(pid) }
            if let pid = expire(&slots[index].replacement, at: now) { actions += tooSlowToStart(pid) }
        }
        for (pid, worker) in leaving.sorted(by: { $0.key < $1.key }) where !worker.isKilled && worker.killAt <= now {
            leaving[pid]?.isKilled = true
            actions += [.report(.tooSlowToEnd(pid: pid)), .kill(pid: pid)]
        }
        return actions
    }

    private mutating func leave(_ worker: Worker, at now: Instant) -> Action {
        leaving[worker.pid] = Leaving(killAt: now + limits.end)
        return .terminate(pid: worker.pid)
    }

    private mutating func restart(_ index: Int, in delay: Duration, at now: Instant) -> [Action] {
        slots[index].restartAt = delay > .zero ? now + delay : nil
        return delay > .zero ? [] : [.start(slot: index)]
    }

    private mutating func replacementEnded(
        _ index: Int, pid: Int32, _ end: ProcessEnd, at now: Instant
    ) -> [Action] {
        slots[index].replacement = nil
        reloading = nil
        var actions = [Action.report(.replacementFailed(pid: pid, end))]
        if slots[index].current == nil {
            actions += restart(index, in: slots[index].backoff.delay(afterLiving: .zero), at: now)
        }
        return actions + wantedReload()
    }

    private mutating func replaceNext(after index: Int) -> [Action] {
        guard index + 1 < slots.count else {
            reloading = nil
            return [.report(.reloaded)] + wantedReload()
        }
        reloading = index + 1
        slots[index + 1].restartAt = nil
        return [.start(slot: index + 1)]
    }

    private mutating func wantedReload() -> [Action] {
        defer { isReloadWanted = false }
        return isReloadWanted ? [.checkSettings] : []
    }

    private func exitIfEmpty() -> [Action] {
        guard case .stopping(let code) = phase, leaving.isEmpty else { return [] }
        return [.exit(code: code)]
    }

    private func tooSlowToStart(_ pid: Int32) -> [Action] { [.report(.tooSlowToStart(pid: pid)), .kill(pid: pid)] }

    /// Marks a worker that did not become ready in time as killed; returns its process.
    private func expire(_ worker: inout Worker?, at now: Instant) -> Int32? {
        guard let waited = worker, !waited.isReady, !waited.isKilled, waited.startedAt + limits.start <= now else {
            return nil
        }
        worker?.isKilled = true
        return waited.pid
    }
}
