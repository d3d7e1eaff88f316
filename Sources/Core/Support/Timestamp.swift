import Glibc

/// A moment with microseconds, as records and answers carry it.
package struct Timestamp: Sendable, Hashable, Comparable {
    package var microsecondsSinceEpoch: Int64

    package init(microsecondsSinceEpoch: Int64) { self.microsecondsSinceEpoch = microsecondsSinceEpoch }

    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microsecondsSinceEpoch: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSinceEpoch < right.microsecondsSinceEpoch
    }

    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microsecondsSinceEpoch: time.microsecondsSinceEpoch + duration.microseconds)
    }

    package static func - (end: Timestamp, start: Timestamp) -> Duration {
        .microseconds(end.microsecondsSinceEpoch - start.microsecondsSinceEpoch)
    }

    /// RFC 3339 in UTC with six digits: `2026-11-23T09:30:00.000125Z`.
    package var rfc3339: String { text(local: false, between: "T", hasFraction: true, end: "Z") }

    /// Local time as the Flask server wrote it, always with six digits: `2026-11-23 09:30:00.000125`.
    package var localText: String { text(local: true, between: " ", hasFraction: true) }

    /// Local time for people, as the Flask server wrote it: `2026-11-23 | 09:30:00`.
    package var localReadableText: String { text(local: true, between: " | ", hasFraction: false) }

    private func text(local: Bool, between: StaticString, hasFraction: Bool, end: StaticString = "") -> String {
        let fraction = (microsecondsSinceEpoch % 1_000_000 + 1_000_000) % 1_000_000
        var seconds = time_t((microsecondsSinceEpoch - fraction) / 1_000_000)
        var fields = tm()
        if local { localtime_r(&seconds, &fields) } else { gmtime_r(&seconds, &fields) }
        // The numbers have 58 digits at most, should they come from a record that is wrong.
        return String(unsafeUninitializedCapacity: 96) { output in
            var count = 0
            func add(_ text: StaticString) {
                for place in 0..<text.utf8CodeUnitCount { output[count + place] = text.utf8Start[place] }
                count += text.utf8CodeUnitCount
            }
            func add(_ number: Int, _ width: Int, _ end: StaticString) {
                var (rest, digits) = (number.magnitude, 0)
                repeat {
                    digits += 1
                    rest /= 10
                } while rest > 0 || digits < width
                rest = number.magnitude
                for place in (count..<(count + digits)).reversed() {
                    output[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                count += digits
                add(end)
            }
            add(Int(fields.tm_year) + 1900, 4, "-")
            add(Int(fields.tm_mon) + 1, 2, "-")
            add(Int(fields.tm_mday), 2, between)
            add(Int(fields.tm_hour), 2, ":")
            add(Int(fields.tm_min), 2, ":")
            add(Int(fields.tm_sec), 2, hasFraction ? "." : "")
            if hasFraction { add(Int(fraction), 6, end) }
            return count
        }
    }
}

extension Timestamp {
    /// Reads what ``rfc3339`` writes; the fraction may be missing or shorter.
    ///
    /// Nil for anything else.
    package init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[10] == UInt8(ascii: "T") else { return nil }
        self.init(date: bytes[0..<10], time: bytes[11..<(bytes.count - 1)], local: false)
    }

    /// Reads what ``localText`` writes; the fraction may be missing, as in old files.
    ///
    /// Nil for anything else.
    package init?(localText text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes[10] == UInt8(ascii: " ") else { return nil }
        self.init(date: bytes[0..<10], time: bytes[11...], local: true)
    }

    private init?(date: ArraySlice<UInt8>, time: ArraySlice<UInt8>, local: Bool) {
        let text = String(decoding: date, as: UTF8.self).split(separator: "-").map(String.init)
        let clock = String(decoding: time, as: UTF8.self)
            .split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let hours = (clock.first ?? "").split(separator: ":").map(String.init)
        guard text.count == 3, hours.count == 3,
            let year = Int32(text[0]), (1970...9999).contains(year),
            let month = Int32(text[1]), (1...12).contains(month),
            let day = Int32(text[2]), (1...31).contains(day),
            let hour = Int32(hours[0]), (0...23).contains(hour),
            let minute = Int32(hours[1]), (0...59).contains(minute),
            let second = Int32(hours[2]), (0...60).contains(second)
        else { return nil }
        var fields = tm()
        fields.tm_year = year - 1900
        fields.tm_mon = month - 1
        fields.tm_mday = day
        fields.tm_hour = hour
        fields.tm_min = minute
        fields.tm_sec = second
        fields.tm_isdst = -1
        var fraction: Int64 = 0
        if clock.count == 2 {
            let digits = clock[1].prefix(6)
            guard !digits.isEmpty, let value = Int64(digits), value >= 0 else { return nil }
            fraction = (digits.count..<6).reduce(value) { value, _ in value * 10 }
        }
        // `mktime` would go on to the next month.
        guard day <= Self.days(inMonth: month, of: year) else { return nil }
        let seconds = local ? mktime(&fields) : timegm(&fields)
        self.init(microsecondsSinceEpoch: Int64(seconds) * 1_000_000 + fraction)
    }
}

extension Timestamp {
    private static func days(inMonth month: Int32, of year: Int32) -> Int32 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Duration {
    /// Whole microseconds, truncated.
    package var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    /// Whole seconds, rounded up, never negative: what `Retry-After` wants.
    package var wholeSeconds: Int { max(0, Int((microseconds + 999_999) / 1_000_000)) }

    /// Seconds with two decimals, as in `api_response_time_taken`.
    package var secondsText: String {
        let hundredths = max(0, microseconds) / 10_000
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
