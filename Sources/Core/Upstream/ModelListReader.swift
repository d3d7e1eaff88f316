/// Reads the answer to `GET /models` as it comes; pure.
///
/// It keeps no more of it than one element at a time and the names that it found, so a list of any length costs
/// no more than ``most`` names. Understood are `{"data": […]}`, the `{"models": […]}` of the ChatGPT backend, and a
/// bare array. What is not JSON gives no model.
struct ModelListReader {
    /// The most models of an account.
    static let most = 10_000

    /// The most bytes of one element; a longer one is passed over.
    private static let largestElement = 64 << 10

    private(set) var models: [UpstreamModel] = []
    /// Whether there were more than ``most``.
    private(set) var isCut = false
    /// Whether the outermost value has ended.
    private(set) var isWhole = false

    /// The member of the outermost object that holds the list.
    private let member: [UInt8]
    private var names: Set<String> = []
    /// What is open: the opening byte of each array or object.
    private var open: [UInt8] = []
    private var inString = false
    private var isEscaped = false
    /// The last string at the depth of the outermost object: the name of the member that follows.
    private var key: [UInt8] = []
    private var element: [UInt8] = []
    private var isInElement = false
    private var isTooLong = false

    /// How deep the brackets may go; more is no list of models.
    private static let deepest = 64

    init(member: String = "data") { self.member = Array(member.utf8) }

    /// Takes the next piece.
    ///
    /// - Returns: False when no more is of use.
    mutating func feed(_ piece: [UInt8]) -> Bool {
        for byte in piece {
            guard !isCut, !isWhole else { return false }
            take(byte)
            guard open.count <= Self.deepest else { return false }
        }
        return !isCut && !isWhole
    }

    /// Whether the innermost open bracket is that of the list.
    private var isInList: Bool {
        open == [UInt8(ascii: "[")] || (open == [UInt8(ascii: "{"), UInt8(ascii: "[")] && key == member)
    }

    private mutating func take(_ byte: UInt8) {
        if isInElement { keep(byte) }
        if inString {
            let wasEscaped = isEscaped
            isEscaped = !wasEscaped && byte == UInt8(ascii: "\\")
            if !wasEscaped, byte == UInt8(ascii: "\"") {
                inString = false
            } else if open.count == 1, key.count < 64 {
                key.append(byte)
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""):
            inString = true
            if open.count == 1 { key.removeAll(keepingCapacity: true) }
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if !isInElement, byte == UInt8(ascii: "{"), isInList {
                isInElement = true
                keep(byte)
            }
            open.append(byte)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            open.removeLast(open.isEmpty ? 0 : 1)
            if isInElement, isInList { endElement() }
            isWhole = open.isEmpty
        default: break
        }
    }

    private mutating func keep(_ byte: UInt8) {
        if element.count < Self.largestElement { element.append(byte) } else { isTooLong = true }
    }

    private mutating func endElement() {
        defer {
            element.removeAll(keepingCapacity: true)
            isInElement = false
            isTooLong = false
        }
        guard !isTooLong, let json = try? JSONReader.read(element), let model = UpstreamModel(json),
            !names.contains(model.name)
        else { return }
        guard models.count < Self.most else {
            isCut = true
            return
        }
        names.insert(model.name)
        models.append(model)
    }
}
