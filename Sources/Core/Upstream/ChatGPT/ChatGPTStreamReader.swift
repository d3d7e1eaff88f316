/// Reads the stream of one answer of the ChatGPT web backend; pure.
///
/// The backend sends whole snapshots, not differences, with pings, verdicts of its moderation and messages of
/// tools between them, and framed with mixed line ends. Whatever is not understood is passed over and counted.
struct ChatGPTStreamReader: Sendable {
    /// How the stream stands.
    enum Stage: Sendable, Equatable {
        case running
        /// `[DONE]` came, or the connection closed after a finished message.
        case done
        /// The connection closed before the answer was whole.
        case brokenOff
        /// The backend put an error in the place of the answer.
        case failed
        /// Delta encoding, which is only sent to those who ask for it.
        case otherProtocol
    }

    private(set) var stage = Stage.running
    /// The latest snapshot of the latest message for the user.
    private(set) var answer: ChatGPTMessage?
    private(set) var conversationID: String?
    private(set) var passedOver = 0
    /// Whether any event of the answer has come; from then on the prompt counts as taken.
    private(set) var hasBegun = false

    private var events: EventStreamReader

    init(limit: Int = 8 << 20) { events = EventStreamReader(limit: limit) }

    /// Takes the next bytes; they may be cut anywhere.
    mutating func feed(_ piece: [UInt8]) {
        guard stage == .running else { return }
        do {
            // A snapshot that another follows at once shows nothing that the other does not.
            var snapshot: EventStreamReader.Event?
            for event in try events.feed(piece) {
                if ChatGPTSnapshot.isOne(event) {
                    snapshot = event
                } else {
                    if let last = snapshot.take() { take(last) }
                    take(event)
                }
            }
            if let snapshot { take(snapshot) }
        } catch {
            stage = .brokenOff
        }
    }

    /// Takes the end of the connection, clean or not.
    mutating func end() {
        guard stage == .running else { return }
        if let event = events.finish() { take(event) }
        guard stage == .running else { return }
        // The backend is known to drop the connection right after the last snapshot.
        stage = answer?.isFinished == true ? .done : .brokenOff
    }

    private mutating func take(_ event: EventStreamReader.Event) {
        guard stage == .running, event.name != "ping" else { return }
        if event.name == "delta_encoding" || event.name == "delta" {
            stage = .otherProtocol
            return
        }
        if event.data.elementsEqual("[DONE]".utf8) {
            stage = .done
            return
        }
        guard let payload = try? JSONReader.read(event.data, limits: .trusted), payload.object != nil else {
            passedOver += 1
            return
        }
        hasBegun = true
        if let id = payload["conversation_id"]?.string { conversationID = id }
        if let error = payload["error"], !error.isNull {
            stage = .failed
        } else if let message = payload["message"], message.object != nil {
            if let message = ChatGPTMessage(message), message.isAnswer { answer = message }
        } else if payload["detail"].map({ !$0.isNull }) == true {
            stage = .failed
        } else {
            passedOver += 1
        }
    }
}

/// Tells the events that are a snapshot of the answer, without building anything of them.
enum ChatGPTSnapshot {
    /// Whether `event` says what ``ChatGPTMessage/isAnswer`` asks for and which thread it belongs to, and no failure.
    ///
    /// Where this is not sure the event is none.
    static func isOne(_ event: EventStreamReader.Event) -> Bool {
        guard event.name == "message" else { return false }
        return JSONScanner.scan(event.data) { scanner in
            var (hasMessage, hasThread) = (false, false)
            let isWhole = scanner.object { scanner, name in
                if scanner.isEqual(name, "error") { return scanner.null() }
                if scanner.isEqual(name, "message") {
                    hasMessage = true
                    return isAnswer(&scanner)
                }
                guard scanner.isEqual(name, "conversation_id") else { return scanner.value() }
                hasThread = true
                return scanner.string() != nil
            }
            return isWhole && hasMessage && hasThread ? true : nil
        } ?? false
    }

    private static func isAnswer(_ scanner: inout JSONScanner) -> Bool {
        var (hasID, hasRole) = (false, false)
        let isWhole = scanner.object { scanner, name in
            if scanner.isEqual(name, "id") {
                hasID = true
                return scanner.string() != nil
            }
            if scanner.isEqual(name, "recipient") { return scanner.null() || isString(&scanner, "all") }
            if scanner.isEqual(name, "author") {
                return scanner.object { scanner, name in
                    guard scanner.isEqual(name, "role") else { return scanner.value() }
                    hasRole = true
                    return isString(&scanner, "assistant")
                }
            }
            return scanner.value()
        }
        return isWhole && hasID && hasRole
    }

    private static func isString(_ scanner: inout JSONScanner, _ word: StaticString) -> Bool {
        guard let text = scanner.string() else { return false }
        return scanner.isEqual(text.range, word)
    }
}
