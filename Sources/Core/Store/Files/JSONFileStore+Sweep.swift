import Glibc

/// What is done from time to time and by one process at a time, whichever has the lease: a supervisor at its start, and
/// then any worker, also one that systemd started by itself.
extension JSONFileStore {
    /// How often a worker asks whether a sweep is due, how often that is, and how often a whole one, in seconds.
    private static let (pause, period, wholePeriod) = (60, 240, 86_400)

    /// Sweeps for as long as the process lives; give it a thread of its own.
    package func sweepRegularly(_ retention: Settings.Retention) -> Never {
        while true {
            // At different moments in each worker.
            for _ in 0..<Int.random(in: (Self.pause / 2)...Self.pause) { sleep(1) }
            do throws(StoreError) {
                try sweepIfDue()
                try retain(retention)
            } catch {
                log.error("sweeping the state directory failed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func sweepIfDue() throws(StoreError) {
        let stamp = "\(layout.locks)/sweep.lease"
        guard isDue(stamp, after: Self.period), let lease = try Lease.take(stamp, offset: 0) else { return }
        defer { withExtendedLifetime(lease) {} }
        let whole = "\(layout.locks)/sweep-whole.stamp"
        if isDue(whole, after: Self.wholePeriod) {
            _ = try File(whole, O_WRONLY | O_CREAT)
            utimes(whole, nil)
            try sweepAll()
        } else {
            try sweepOften()
        }
        utimes(stamp, nil)
    }

    /// Removes what killed processes left, and goes on with removals that were cut off.
    ///
    /// May take long; run it aside. Another process that sweeps is not waited for.
    package func sweep() throws(StoreError) {
        let stamp = "\(layout.locks)/sweep.lease"
        guard let lease = try Lease.take(stamp, offset: 0) else { return }
        defer { withExtendedLifetime(lease) {} }
        try sweepAll()
        utimes(stamp, nil)
    }

    /// What costs as much as there are users.
    private func sweepAll() throws(StoreError) {
        try sweepOften()
        try sweepRemovedUsers()
        for directory in layout.shards + [layout.usageNames] { try sweepTemporaries(in: directory) }
        for shard in try Directory.names(in: "\(layout.root)/conversations") {
            for user in try Directory.names(in: "\(layout.root)/conversations/\(shard)") {
                try sweepTemporaries(in: "\(layout.root)/conversations/\(shard)/\(user)")
            }
        }
    }

    private func sweepOften() throws(StoreError) {
        for name in try Directory.names(in: layout.trash) { try Directory.removeTree("\(layout.trash)/\(name)") }
        try finishRemovals(until: ContinuousClock.now + .seconds(120))
        finishBlanking()
        try sweepAnswers()
        for directory in [layout.root] + layout.areas where directory != layout.trash {
            try sweepTemporaries(in: directory)
        }
    }

    private func sweepTemporaries(in directory: String) throws(StoreError) {
        for name in try Directory.names(in: directory) where name.hasSuffix(".tmp") {
            try removeIfAbandoned("\(directory)/\(name)")
        }
    }

    /// Whether the file at `path` was not touched for so many seconds, by a clock that may have been set back.
    func isDue(_ path: String, after seconds: Int) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return true }
        let age = Int(time(nil)) - Int(status.st_mtim.tv_sec)
        return age < 0 || age >= seconds
    }
}
