/// The body of a request for a chat completion.
///
/// What a caller sent goes on as it came; only the members that are ours are put in place of its own.
enum CompletionBody {
    /// - Parameters:
    ///   - model: The model to ask for; nil leaves what the caller wrote, or the choice to the upstream.
    ///   - limitName: The member for the most tokens of the answer, where the caller names none.
    static func bytes(
        of prompt: UpstreamPrompt, model: String?, limitName: String = "max_tokens", for identity: UpstreamIdentity
    ) -> [UInt8] {
        let caller = prompt.completion
        let isStream = caller?.isStream ?? true
        var own: [JSONText.Member] = []
        if let model { own.append(("model", JSONText(JSON(model)))) }
        own.append(("messages", messages(of: prompt)))
        own.append(("stream", JSONText(JSON(isStream))))
        if isStream {
            // The usage is asked for even where the caller does not want to see it: it is counted.
            var options = caller?["stream_options"]?.value.object ?? JSONObject()
            options["include_usage"] = true
            own.append(("stream_options", JSONText(.object(options))))
        }
        own += identity.members.map { ($0.name, JSONText($0.value)) }
        if let key = caller?["prompt_cache_key"], let ours = identity.cacheKey(key) {
            own.append(("prompt_cache_key", JSONText(ours)))
        }
        var members = (caller?.members ?? []).filter { member in
            !["conversation_id", "group"].contains(member.name)
                && (!UserField.names.contains(member.name) || identity.fields.contains(member.name))
        }
        if let most = prompt.mostCompletion { own += limits(most, caller, limitName) }
        for place in members.indices {
            guard let ours = own.firstIndex(where: { $0.name == members[place].name }) else { continue }
            members[place].value = own.remove(at: ours).value
        }
        members += own
        var output: [UInt8] = []
        output.reserveCapacity(members.reduce(2) { $0 + $1.name.utf8.count + $1.value.count + 4 })
        for member in members {
            output.append(UInt8(ascii: output.isEmpty ? "{" : ","))
            JSON.write(member.name, to: &output)
            output.append(UInt8(ascii: ":"))
            member.value.write(to: &output)
        }
        output.append(UInt8(ascii: "}"))
        return output
    }

    /// The most tokens of the answer under the names that the caller uses; one that wants less gets less.
    private static func limits(_ most: Int, _ caller: CompletionRequest?, _ name: String) -> [JSONText.Member] {
        let given = ["max_completion_tokens", "max_tokens"].filter { caller?[$0].map { !$0.isNull } ?? false }
        guard !given.isEmpty else { return [(name, JSONText(JSON(most)))] }
        return given.compactMap { name in
            // What is no number the upstream refuses.
            guard let wanted = caller?[name]?.value.int, wanted > most else { return nil }
            return (name, JSONText(JSON(most)))
        }
    }

    /// The whole thread as messages: system prompt, earlier turns, this prompt.
    ///
    /// A caller that sends a thread itself has it sent as it is; one that continues a stored conversation without
    /// sending its replies back has its turns put in front.
    private static func messages(of prompt: UpstreamPrompt) -> JSONText {
        let turns = prompt.conversation?.turns ?? []
        guard let caller = prompt.completion else {
            let system = system(prompt.conversation?.system ?? prompt.system)
            let own: JSON = ["role": "user", "content": JSON(prompt.prompt)]
            return JSONText(.array(system + Turn.messages(of: turns) + [own]))
        }
        let own = caller.messages
        guard !turns.isEmpty, !own.contains(where: { $0.role == "assistant" }) else {
            return caller["messages"] ?? JSONText([])
        }
        var messages = own.filter(\.isSystem).map(\.json)
        let new = own.filter { !$0.isSystem }.map(\.json)
        if messages.isEmpty { messages = system(prompt.conversation?.system).map(JSONText.init) }
        messages += Turn.messages(of: turns, before: new.map(\.value)).map(JSONText.init)
        return JSONText(messages + new)
    }

    private static func system(_ text: String?) -> [JSON] {
        text.map { [["role": "system", "content": JSON($0)]] } ?? []
    }
}
