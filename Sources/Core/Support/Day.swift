/// A day of the calendar, `2026-12-01`; which moments belong to it a ``TimeZone`` says.
package struct Day: Sendable, Hashable, Comparable {
    package let text: String

    /// Nil for what is not `yyyy-mm-dd` or no day.
    package init?(_ text: String) {
        guard text.utf8.count == 10, Timestamp(rfc3339: "\(text)T00:00:00Z")?.rfc3339.hasPrefix(text) == true else {
            return nil
        }
        self.text = text
    }

    init(_ day: CivilDay) {
        func digits(_ number: Int, _ width: Int) -> String {
            String(repeating: "0", count: max(0, width - String(number).utf8.count)) + String(number)
        }
        text = "\(digits(day.year, 4))-\(digits(day.month, 2))-\(digits(day.day, 2))"
    }

    /// The day of a moment in UTC.
    init(utc time: Timestamp) { text = String(time.rfc3339.prefix(10)) }

    package static func < (left: Day, right: Day) -> Bool { left.text < right.text }
}

extension Day {
    /// The day so many days earlier.
    package func before(_ count: Int) -> Day {
        guard let noon = Timestamp(rfc3339: "\(text)T12:00:00Z") else { return self }
        return Day(utc: noon + .seconds(-86_400 * count))
    }
}
