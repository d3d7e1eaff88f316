/// What waits, by caller: each caller's in its order, and the callers by turns.
///
/// Bounded for each caller and in all, so that neither one of them nor all together can make it grow.
struct FairQueue<Element> {
    private struct Line {
        var caller: String
        var elements: [(id: UInt64, element: Element)]
    }

    let mostOfCaller: Int
    let most: Int
    private(set) var count = 0
    /// The caller whose turn is next comes first; none is empty.
    private var lines: [Line] = []

    init(mostOfCaller: Int, most: Int) {
        self.mostOfCaller = mostOfCaller
        self.most = most
    }

    var isEmpty: Bool { lines.isEmpty }

    /// What ``pop()`` gives next.
    var first: Element? { lines.first?.elements.first?.element }

    /// Adds an element under an `id` of its own; false if there are too many.
    ///
    /// - Parameter mostOfCaller: Another bound than the queue's.
    mutating func push(_ element: Element, id: UInt64, of caller: String, mostOfCaller: Int? = nil) -> Bool {
        let mostOfCaller = mostOfCaller ?? self.mostOfCaller
        guard count < most else { return false }
        if let index = lines.firstIndex(where: { $0.caller == caller }) {
            guard lines[index].elements.count < mostOfCaller else { return false }
            lines[index].elements.append((id, element))
        } else {
            guard mostOfCaller > 0 else { return false }
            lines.append(Line(caller: caller, elements: [(id, element)]))
        }
        count += 1
        return true
    }

    /// Takes the next element; its caller's turn comes again after all others'.
    mutating func pop() -> Element? {
        guard !lines.isEmpty else { return nil }
        var line = lines.removeFirst()
        let element = line.elements.removeFirst().element
        if !line.elements.isEmpty { lines.append(line) }
        count -= 1
        return element
    }

    /// Takes the element of that id out of line; nil if it is not there any more.
    mutating func remove(_ id: UInt64) -> Element? {
        for index in lines.indices {
            guard let place = lines[index].elements.firstIndex(where: { $0.id == id }) else { continue }
            let element = lines[index].elements.remove(at: place).element
            if lines[index].elements.isEmpty { lines.remove(at: index) }
            count -= 1
            return element
        }
        return nil
    }
}
