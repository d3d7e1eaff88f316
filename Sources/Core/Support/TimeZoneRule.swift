/// When the clocks change in all years to come: the text of POSIX's variable `TZ` (POSIX.1-2024, 8.3).
struct TimeZoneRule: Sendable, Equatable {
    /// A day of each year.
    private enum Day: Equatable {
        /// 1 to 365; February 29 is none of them.
        case julian(Int)
        /// 0 to 365.
        case ordinal(Int)
        /// The fifth is the last; Sunday is 0.
        case weekday(month: Int, week: Int, day: Int)
    }

    private struct Change: Equatable {
        var day: Day
        var seconds = 7200
    }

    /// Seconds east of Greenwich.
    private let standard: Int
    private var summer: (offset: Int, start: Change, end: Change)?

    /// Nil for what is no such text.
    init?(_ text: String) {
        var parser = Parser(rest: Array(text.utf8)[...])
        guard parser.name(), let west = parser.time() else { return nil }
        standard = -west
        guard !parser.rest.isEmpty else { return }
        guard parser.name() else { return nil }
        let offset = parser.rest.first == UInt8(ascii: ",") ? standard + 3600 : parser.time().map { -$0 }
        guard let offset, let start = parser.change(), let end = parser.change(), parser.rest.isEmpty else {
            return nil
        }
        summer = (offset, start, end)
    }

    static func == (one: Self, other: Self) -> Bool {
        one.standard == other.standard && one.summer?.offset == other.summer?.offset
            && one.summer?.start == other.summer?.start && one.summer?.end == other.summer?.end
    }

    func offset(at second: Int64) -> Int {
        guard let summer else { return standard }
        let year = CivilDay(dividing: second + Int64(standard)).year
        let start = Self.second(of: summer.start, year) - Int64(standard)
        let end = Self.second(of: summer.end, year) - Int64(summer.offset)
        let isSummer =
            start < end ? (start..<end).contains(second) : !(end..<start).contains(second)
        return isSummer ? summer.offset : standard
    }

    private static func second(of change: Change, _ year: Int) -> Int64 {
        let first = CivilDay(year: year, month: 1, day: 1).number
        let number: Int
        switch change.day {
        case .ordinal(let day): number = first + day
        case .julian(let day):
            let isLeap = CivilDay(year: year, month: 3, day: 1).number - first == 60
            number = first + day - 1 + (isLeap && day >= 60 ? 1 : 0)
        case .weekday(let month, let week, let day):
            let begin = CivilDay(year: year, month: month, day: 1).number
            let next = CivilDay(year: month == 12 ? year + 1 : year, month: month % 12 + 1, day: 1).number
            // 1970-01-01 was a Thursday.
            let weekday = ((begin + 4) % 7 + 7) % 7
            var found = begin + (day - weekday + 7) % 7 + (week - 1) * 7
            if found >= next { found -= 7 }
            number = found
        }
        return Int64(number) * 86_400 + Int64(change.seconds)
    }

    private struct Parser {
        var rest: ArraySlice<UInt8>

        mutating func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// `CET` or `<+03>`.
        mutating func name() -> Bool {
            if take(UInt8(ascii: "<")) {
                rest = rest.drop { $0 != UInt8(ascii: ">") }
                return take(UInt8(ascii: ">"))
            }
            let letters = rest.prefix { (0x41...0x5A).contains($0 & 0xDF) }
            rest = rest.dropFirst(letters.count)
            return !letters.isEmpty
        }

        mutating func number(_ range: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard (1...3).contains(digits.count), let number = Int(String(decoding: digits, as: UTF8.self)),
                range.contains(number)
            else { return nil }
            rest = rest.dropFirst(digits.count)
            return number
        }

        /// `-3:30` in seconds.
        mutating func time() -> Int? {
            let isNegative = take(UInt8(ascii: "-"))
            if !isNegative { _ = take(UInt8(ascii: "+")) }
            guard var seconds = number(0...167).map({ $0 * 3600 }) else { return nil }
            for unit in [60, 1] where take(UInt8(ascii: ":")) {
                guard let more = number(0...59) else { return nil }
                seconds += more * unit
            }
            return isNegative ? -seconds : seconds
        }

        /// `,M3.5.0/3`.
        mutating func change() -> Change? {
            guard take(UInt8(ascii: ",")), let day = day() else { return nil }
            guard take(UInt8(ascii: "/")) else { return Change(day: day) }
            return time().map { Change(day: day, seconds: $0) }
        }

        private mutating func day() -> Day? {
            if take(UInt8(ascii: "J")) { return number(1...365).map(Day.julian) }
            guard take(UInt8(ascii: "M")) else { return number(0...365).map(Day.ordinal) }
            guard let month = number(1...12), take(UInt8(ascii: ".")), let week = number(1...5),
                take(UInt8(ascii: ".")), let day = number(0...6)
            else { return nil }
            return .weekday(month: month, week: week, day: day)
        }
    }
}

/// A day of the Gregorian calendar.
struct CivilDay: Equatable {
    let year, month, day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// - Parameter second: Since 1970, where the calendar hangs.
    init(dividing second: Int64) { self.init(number: Int((Double(second) / 86_400).rounded(.down))) }

    /// - Parameter number: Days since 1970-01-01.
    init(number: Int) {
        // Of the eras of 400 years that begin with March (Howard Hinnant, "chrono-compatible date algorithms").
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01.
    var number: Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
