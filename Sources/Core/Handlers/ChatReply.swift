/// The whole JSON answer of `/api/chat`, the same for every kind of account.
struct ChatReply {
    private let conversation: Conversation
    private let turn: Turn
    private let user: User
    private let requestID: String

    init(_ conversation: Conversation, _ turn: Turn, _ user: User, _ requestID: String) {
        self.conversation = conversation
        self.turn = turn
        self.user = user
        self.requestID = requestID
    }

    var json: JSON {
        var object = JSONObject()
        object["status"] = "success"
        object["error"] = .null
        object["message"] = message
        object["conversation_id"] = JSON(conversation.id)
        object["conversation_title"] = JSON(conversation.title)
        object["api_user"] = JSON(user.username)
        object["api_client_id"] = JSON(user.id.owner)
        object["api_prompt"] = JSON(turn.prompt)
        object["api_prompt_time_origin"] = JSON(turn.startedAt.localText)
        object["api_prompt_time_origin_readable"] = JSON(turn.startedAt.localReadableText)
        object["api_response_time_taken"] = JSON((Timestamp.now - turn.startedAt).secondsText)
        if let before = conversation.turns.dropLast().last {
            object["last_message_prompt"] = JSON(before.prompt)
            object["last_message_reply"] = JSON(before.reply)
        }
        object["usage"] = turn.usage?.json ?? .null
        object["finish_reason"] = JSON(turn.finishReason)
        if let refusal = turn.extras.refusal { object["refusal"] = JSON(refusal) }
        if let reasoning = turn.extras.reasoning { object["reasoning"] = JSON(reasoning) }
        object["request_id"] = JSON(requestID)
        return .object(object)
    }

    private var message: JSON {
        [
            "id": JSON(turn.id),
            "author": ["role": "assistant"],
            "content": ["content_type": "text", "parts": [JSON(turn.reply)]],
            "end_turn": true,
            "metadata": [
                "model_slug": JSON(turn.model), "finish_details": ["type": JSON(turn.finishReason ?? "stop")],
            ],
        ]
    }
}
