/// Guesses which known word a mistyped one was meant to be.
enum Spelling {
    /// The nearest of `words`, if it is near: about one slip in three characters.
    ///
    /// Capitals and the choice between `-` and `_` do not count as slips.
    static func closest(to word: String, among words: [String]) -> String? {
        guard (2...64).contains(word.utf8.count) else { return nil }
        let typed = normalised(word)
        let limit = max(1, min(3, typed.count / 3))
        let near = words.map { (word: $0, distance: distance(typed, normalised($0))) }.filter { $0.distance <= limit }
        return near.min { $0.distance < $1.distance }?.word
    }

    private static func normalised(_ word: String) -> [UInt8] {
        word.lowercased().utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
    }

    /// How many bytes must be inserted, removed, replaced or swapped with their neighbour.
    ///
    /// This is the restricted Damerau–Levenshtein distance.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(last[column + 1] + 1, current[column] + 1, last[column] + (byte == other ? 0 : 1))
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
