/// Jobs of tasks in the order in which they came.
struct JobQueue {
    private var jobs: [UnownedJob] = []
    private var head = 0
    /// When the last one was taken.
    private(set) var lastPop = ContinuousClock.now

    var isEmpty: Bool { head == jobs.count }

    mutating func push(_ job: UnownedJob) { jobs.append(job) }

    mutating func pop() -> UnownedJob? {
        guard !isEmpty else { return nil }
        defer {
            head += 1
            if head == jobs.count {
                jobs.removeAll(keepingCapacity: jobs.count <= 1024)
                head = 0
            } else if head > 1024, head * 2 > jobs.count {
                jobs.removeFirst(head)
                head = 0
            }
        }
        lastPop = .now
        return jobs[head]
    }
}
