/// What of an upstream's error object may be told to the caller: a known word, a parameter's name, and numbers.
///
/// OpenAI says the word itself. vLLM, llama.cpp and Ollama are known by their types and sentences, of which nothing
/// goes out.
package struct UpstreamRefusal: Sendable, Equatable {
    package var fault: CallerFault
    /// The parameter at fault, as its upstream names it: a short name, perhaps with indices.
    package var parameter: String?
    /// Tokens, where the context is too long: what the model takes and what was asked for.
    package var limit: Int?
    package var requested: Int?
    /// A sentence that fits better than the fault's own.
    private var ownPhrase: String?

    init(
        _ fault: CallerFault, parameter: String? = nil, limit: Int? = nil, requested: Int? = nil, phrase: String? = nil
    ) {
        self.fault = fault
        self.parameter = parameter
        self.limit = limit
        self.requested = requested
        ownPhrase = phrase
    }

    /// A full sentence without anything that the upstream wrote but names and numbers.
    package var message: String {
        if fault == .contextLengthExceeded, let limit {
            let start = "This model's maximum context length is \(limit) tokens."
            let asked = requested.map { " However, your messages resulted in \($0) tokens." } ?? ""
            return "\(start)\(asked) Please reduce the length of the messages."
        }
        if fault == .unsupportedParameter, let parameter, ownPhrase == nil {
            return "Unsupported parameter: '\(parameter)' is not supported with this model."
        }
        return ownPhrase ?? fault.phrase
    }

    /// - Parameter details: The error object; of vLLM's older versions the whole answer.
    init?(_ details: JSON?) {
        guard let details else { return nil }
        let text = (details["message"]?.string ?? details.string ?? "").prefix(4096).lowercased()
        let words = [details["code"]?.string, details["type"]?.string, details["innererror"]?["code"]?.string]
        let parameter = details["param"]?.string.flatMap { Self.isName($0) ? $0 : nil }
        if Self.isBlock(details, bySentence: true) {
            self = .block
        } else if words.contains("exceed_context_size_error") || words.contains("context_length_exceeded")
            || Self.isContextTooLong(text)
        {
            self.init(
                .contextLengthExceeded, parameter: parameter ?? "messages",
                limit: Self.count(details["n_ctx"]) ?? Self.number(in: text, after: Self.limits),
                requested: Self.count(details["n_prompt_tokens"]) ?? Self.number(in: text, after: Self.requests))
        } else if let fault = words.compactMap({ $0 }).compactMap(Self.fault).first {
            self.init(fault, parameter: parameter)
        } else if let known = Self.sentences.first(where: { $0.marks.contains(where: text.contains) }) {
            self = known.refusal
        } else {
            return nil
        }
    }

    /// The fault that a word of an upstream names; Azure's and others' names for the same are known, too.
    private static func fault(_ word: String) -> CallerFault? {
        switch word {
        case "content_policy_violation", "ResponsibleAIPolicyViolation", "moderation_blocked", "sensitive_content":
            .contentPolicyViolation
        case "invalid_image_error": .invalidImage
        default: CallerFault(rawValue: word)
        }
    }

    private static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in URLParts.isLetterOrDigit(byte) || "_.[]-".utf8.contains(byte) }
    }
}

// MARK: A user whom the upstream has blocked

extension UpstreamRefusal {
    static let block = UpstreamRefusal(.blockedByUpstream)

    /// Whether an error object says that the user's pseudonym is blocked.
    ///
    /// OpenAI documents the error as `identifier blocked` (developers.openai.com, "Safety checks"), without its form.
    ///
    /// - Parameter bySentence: Whether to look at the message, too, where the word is missing.
    static func isBlock(_ details: JSON?, bySentence: Bool) -> Bool {
        guard let details else { return false }
        let words = [details["code"]?.string, details["type"]?.string].compactMap { $0?.prefix(64).lowercased() }
        if words.contains(where: { Self.blockWords.contains(Text.replacing(" ", in: $0, with: "_")) }) { return true }
        guard bySentence, let text = (details["message"] ?? details).string?.prefix(4096).lowercased() else {
            return false
        }
        return text.contains("identifier blocked") || text.contains("identifier is blocked")
            || text.contains("identifier has been blocked")
    }

    /// The last is our own, of a gateway behind this one.
    private static let blockWords = [
        "identifier_blocked", "safety_identifier_blocked", CallerFault.blockedByUpstream.rawValue,
    ]
}

// MARK: A context that is too long

extension UpstreamRefusal {
    /// Whether `text`, in lower case, says so in the words of an inference server.
    private static func isContextTooLong(_ text: String) -> Bool {
        let things = [
            "context length", "context size", "context window", "maximum model length", "max_model_len",
            "input token count", "input tokens", "`inputs` tokens", "prompt is too long", "prompt too long",
            "context limit",
        ]
        let faults = [
            "exceed", "maximum", "longer than", "too long", "too large", "only", "must be <=", "greater than",
        ]
        return things.contains(where: text.contains) && faults.contains(where: text.contains)
    }

    /// What stands before the number of tokens that a model takes, in lower case.
    private static let limits = [
        "maximum context length is ", "context length is only ", "context length of only ", "context length of ",
        "maximum context length of ", "maximum model length of ", "context length (", "available context size (",
        "context window of ", "context size of ", "must be <= ", "tokens allowed (", "tokens > ", "context limit of ",
        "maximum context length (",
    ]

    /// What stands before the number of tokens that were asked for.
    private static let requests = [
        "resulted in ", "you requested ", "you passed ", "request has ", "request (", "input length (",
        "prompt (length ", "the input (", "input token count (", "prompt contains ", "given: ", "too long: ",
    ]

    private static func number(in text: String, after phrases: [String]) -> Int? {
        for phrase in phrases {
            guard let place = text.firstRange(of: phrase) else { continue }
            let digits = text[place.upperBound...].prefix { $0.isASCII && $0.isNumber }
            if let number = Int(digits), (1...1_000_000_000).contains(number) { return number }
        }
        return nil
    }

    private static func count(_ json: JSON?) -> Int? {
        json?.int.flatMap { (1...1_000_000_000).contains($0) ? $0 : nil }
    }
}

// MARK: Sentences of servers that have no words for it

extension UpstreamRefusal {
    /// Marks in lower case, and what they mean; the first that fits counts.
    private static let sentences: [(marks: [String], refusal: UpstreamRefusal)] = [
        (
            // OpenAI, for models that count their reasoning.
            ["max_completion_tokens' instead", "use max_completion_tokens"],
            UpstreamRefusal(.unsupportedParameter, parameter: "max_tokens")
        ),
        (
            // llama.cpp, vLLM, Ollama, OpenAI.
            [
                "image input is not supported", "mmproj", "missing data required for image input",
                "is not a multimodal model", "at most 0 image", "does not support image",
                "image_url is only supported by certain models", "images are not supported",
            ],
            UpstreamRefusal(.unsupportedValue, parameter: "messages", phrase: "This model does not take images.")
        ),
        (
            ["audio input is not supported", "at most 0 audio", "does not support audio"],
            UpstreamRefusal(.unsupportedValue, parameter: "messages", phrase: "This model does not take audio.")
        ),
        (
            [
                "failed to load image", "failed to decode image", "cannot identify image file",
                "failed to process image", "invalid image", "unable to process input image",
            ], UpstreamRefusal(.invalidImage, parameter: "messages")
        ),
        (
            [
                "does not support tools", "tools param requires --jinja", "\"auto\" tool choice requires",
                "tool_choice requires",
            ],
            UpstreamRefusal(.unsupportedParameter, parameter: "tools")
        ),
        (["does not support thinking"], UpstreamRefusal(.unsupportedParameter, parameter: "reasoning_effort")),
        (
            ["failed to parse grammar", "failed to initialize samplers", "json schema conversion failed"],
            UpstreamRefusal(.invalidValue, parameter: "response_format")
        ),
        (
            ["conversation roles must alternate", "roles must alternate user/assistant"],
            UpstreamRefusal(
                .invalidValue, parameter: "messages",
                phrase: "This model wants messages of user and assistant in turn.")
        ),
    ]
}
