/// What a model is for.
package enum ModelKind: String, Sendable, CaseIterable {
    case chat, embedding, speech, image, video, moderation, rerank

    /// By the name alone; a name that says nothing is taken as a chat model.
    init(name: String) {
        // Vendors' prefixes such as `openai/` or `models/` say nothing of the kind.
        let own = name.lowercased().split(separator: "/").last.map(String.init) ?? ""
        let words = Set(own.split { !$0.isLetter && !$0.isNumber }.map(String.init))
        for (kind, prefixes, marks) in Self.names {
            if prefixes.contains(where: own.hasPrefix) || !words.isDisjoint(with: marks) {
                self = kind
                return
            }
        }
        self = .chat
    }

    /// By what the upstream says beside the name; nil where it says nothing that is known.
    init?(told json: JSON) {
        // Together and LM Studio: `type`. Mistral: an object of capabilities; llama.cpp and Ollama: a list of them.
        // OpenRouter: the modalities of the output.
        if let type = json["type"]?.string, let kind = Self.words[type.lowercased()] {
            self = kind
        } else if let chats = json["capabilities"]?["completion_chat"]?.bool {
            guard chats else { return nil }
            self = .chat
        } else if let outputs = json["architecture"]?["output_modalities"]?.array, !outputs.isEmpty {
            let named = outputs.compactMap { $0.string }
            guard !named.contains("text") else {
                self = .chat
                return
            }
            guard let kind = named.compactMap({ Self.words[$0] }).first else { return nil }
            self = kind
        } else if let listed = json["capabilities"]?.array?.compactMap({ $0.string }), !listed.isEmpty {
            if listed.contains("completion") || listed.contains("chat") {
                self = .chat
            } else if listed.contains("embedding") {
                self = .embedding
            } else {
                return nil
            }
        } else {
            return nil
        }
    }

    private static let words: [String: ModelKind] = [
        "chat": .chat, "language": .chat, "llm": .chat, "vlm": .chat, "text-generation": .chat,
        "embedding": .embedding, "embeddings": .embedding, "feature-extraction": .embedding, "audio": .speech,
        "speech": .speech, "transcribe": .speech, "transcription": .speech, "tts": .speech, "stt": .speech,
        "image": .image, "video": .video, "moderation": .moderation, "rerank": .rerank, "reranker": .rerank,
    ]

    /// Beginnings of names, and words within names, of well-known models that do not chat.
    private static let names: [(kind: ModelKind, prefixes: [String], marks: Set<String>)] = [
        (.rerank, [], ["rerank", "reranker", "rerankers"]),
        (
            .embedding,
            [
                "text-embedding", "text-similarity", "text-search", "code-search", "bge-", "gte-", "e5-",
                "all-minilm", "all-mpnet", "nomic-embed", "mxbai-embed", "snowflake-arctic-embed", "voyage-",
                "multilingual-e5",
            ], ["embed", "embedding", "embeddings"]
        ),
        (.moderation, ["omni-moderation", "text-moderation", "llama-guard"], ["moderation"]),
        (
            .speech, ["whisper", "tts-", "distil-whisper", "kokoro", "canary-", "parakeet-"],
            ["whisper", "tts", "transcribe", "transcription", "stt"]
        ),
        (.video, ["sora", "veo-"], []),
        (
            .image,
            ["dall-e", "gpt-image", "chatgpt-image", "stable-diffusion", "sdxl", "flux", "imagen-", "playground-v"],
            ["diffusion"]
        ),
    ]
}
