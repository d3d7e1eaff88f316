import Synchronization

/// Puts together the reply's message as the caller will send it back in its next call.
final class ReplyMessage: Sendable {
    fileprivate struct State {
        var content = ""
        var whole: JSON?
        /// The calls of tools by their index, whose pieces come one after the other.
        var toolCalls: [Int: JSONObject] = [:]
    }

    private let state = Mutex(State())

    func take(_ event: UpstreamEvent) {
        state.withLock { state in
            switch event {
            case .text(let text): state.content += text
            case .completion(let completion): state.whole = completion["choices"]?[0]?["message"]
            case .chunk(let chunk): state.add(chunk["choices"]?[0]?["delta"])
            case .replaced(let text): state.content = text
            case .identified, .finished: break
            }
        }
    }

    var message: JSON {
        state.withLock { state in
            if let whole = state.whole { return whole }
            var message = JSONObject()
            message["role"] = "assistant"
            if !state.content.isEmpty || state.toolCalls.isEmpty { message["content"] = JSON(state.content) }
            if !state.toolCalls.isEmpty {
                message["tool_calls"] = .array(
                    state.toolCalls.sorted { $0.key < $1.key }.map { .object($0.value) })
            }
            return .object(message)
        }
    }
}

extension ReplyMessage.State {
    fileprivate mutating func add(_ delta: JSON?) {
        content += delta?["content"]?.string ?? ""
        for piece in delta?["tool_calls"]?.array ?? [] {
            let index = piece["index"]?.int ?? 0
            var call = toolCalls[index] ?? JSONObject()
            for name in ["id", "type"] {
                if let value = piece[name], !value.isNull { call[name] = value }
            }
            var function = call["function"]?.object ?? JSONObject()
            if let name = piece["function"]?["name"]?.string { function["name"] = JSON(name) }
            let arguments = function["arguments"]?.string ?? ""
            function["arguments"] = JSON(arguments + (piece["function"]?["arguments"]?.string ?? ""))
            call["function"] = .object(function)
            toolCalls[index] = call
        }
    }
}
