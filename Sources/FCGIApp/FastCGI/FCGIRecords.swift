/// Puts one request together from FastCGI records (specification 1.0, section 3.3) that come in pieces of any size.
struct FCGIRecords {
    /// How far the request has come.
    enum Progress: Equatable {
        case unfinished
        /// The parameters are whole; what becomes of the body is to be decided now.
        case parameters
        case whole
        /// Not the beginning of a FastCGI request that we could answer.
        case broken
    }

    /// The most bytes of parameters that are kept; what is beyond is read and thrown away.
    static let maxParameterBytes = 256 << 10

    /// The types of records, as in `fastcgi.h`, which the fuzzer does without.
    enum Kind: UInt8 { case begin = 1, abort = 2, parameters = 4, body = 5 }

    static let headerSize = 8
    private static let responder: UInt16 = 1
    private static let keepConnection: UInt8 = 1

    /// By which the web server knows the request.
    private(set) var id: UInt16 = 0
    /// Whether the web server wants to send further requests on the connection.
    private(set) var isToBeKept = false
    /// Whether nothing has come yet.
    var isUntouched: Bool { !hasBegun && header.isEmpty && content == 0 }
    /// Names and values as they came.
    private(set) var parameters: [UInt8] = []
    private(set) var areParametersExcessive = false
    private(set) var body: [UInt8] = []
    /// How long the body was so far, kept or not.
    private(set) var bodySize = 0
    /// How much of the body is kept; of a longer one nothing.
    var bodyLimit = 0 {
        didSet { body.reserveCapacity(min(bodyLimit, expectedBody ?? 0)) }
    }
    /// What the web server says about the body's size.
    var expectedBody: Int?

    private var hasBegun = false
    private var areParametersWhole = false
    private var isBodyWhole = false
    private var progress = Progress.unfinished
    private var header: [UInt8] = []
    /// Of the record that is being read: what it is, if it is ours, and what is still to come.
    private var kind: Kind?
    private var content = 0
    private var padding = 0
    /// The content of a begin record.
    private var beginning: [UInt8] = []

    /// Takes what came next.
    ///
    /// - Returns: How many bytes were used, all but where the parameters have become whole.
    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) -> (used: Int, progress: Progress) {
        var position = 0
        while position < bytes.count, progress == .unfinished {
            if content > 0 {
                let count = min(content, bytes.count - position)
                keep(UnsafeBufferPointer(rebasing: bytes[position..<(position + count)]))
                content -= count
                position += count
            } else if padding > 0 {
                let count = min(padding, bytes.count - position)
                padding -= count
                position += count
                if isBodyWhole, padding == 0 { progress = .whole }
            } else {
                if header.isEmpty, bytes.count - position >= Self.headerSize {
                    beginRecord(UnsafeBufferPointer(rebasing: bytes[position..<(position + Self.headerSize)]))
                    position += Self.headerSize
                } else {
                    header.append(bytes[position])
                    position += 1
                    if header.count == Self.headerSize {
                        header.withUnsafeBufferPointer { beginRecord($0) }
                        header.removeAll(keepingCapacity: true)
                    }
                }
                // What follows the last record's padding is of the next request.
                if isBodyWhole, padding == 0, progress == .unfinished { progress = .whole }
                if progress == .parameters {
                    progress = .unfinished
                    return (position, .parameters)
                }
            }
        }
        return (position, progress)
    }

    /// Lets the memory of the parameters go to the caller: it would be held until the request is answered.
    mutating func takeParameters() -> [UInt8] {
        defer { parameters = [] }
        return parameters
    }

    /// Lets the body's memory go to the caller.
    mutating func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    private mutating func beginRecord(_ header: UnsafeBufferPointer<UInt8>) {
        let version = header[0]
        let type = header[1]
        let record = UInt16(header[2]) << 8 | UInt16(header[3])
        content = Int(header[4]) << 8 | Int(header[5])
        padding = Int(header[6])
        guard version == 1 else { return progress = .broken }
        kind = Kind(rawValue: type)
        guard hasBegun else {
            // Management records come with id 0 and may be passed over.
            if record == 0 { return kind = nil }
            id = record
            if kind != .begin || content != Self.headerSize { progress = .broken }
            return
        }
        // Of another request at the same time, which we never agreed to.
        guard record == id else { return kind = nil }
        switch kind {
        case .begin, .abort: progress = .broken
        case .parameters where areParametersWhole: progress = .broken
        case .parameters where content == 0:
            areParametersWhole = true
            progress = .parameters
        case .body where !areParametersWhole: progress = .broken
        case .body where content == 0: isBodyWhole = true
        default: break
        }
    }

    private mutating func keep(_ bytes: UnsafeBufferPointer<UInt8>) {
        switch kind {
        case .begin:
            beginning += bytes
            guard beginning.count == Self.headerSize else { return }
            hasBegun = true
            isToBeKept = beginning[2] & Self.keepConnection != 0
            if UInt16(beginning[0]) << 8 | UInt16(beginning[1]) != Self.responder { progress = .broken }
        case .parameters:
            if parameters.count + bytes.count > Self.maxParameterBytes { areParametersExcessive = true }
            if !areParametersExcessive { parameters += bytes }
        case .body:
            bodySize += bytes.count
            if bodySize <= bodyLimit { body += bytes } else { body = [] }
        case .abort, nil: break
        }
    }
}
