/// The bodies of requests to the conversation endpoint.
enum ChatGPTRequest {
    /// A prompt; a new conversation where `conversation` is nil.
    ///
    /// Both forms of the role are sent, because older backends read the one and later ones the other.
    /// `messageID` stays the same when the request is repeated, so that the backend sees one message.
    static func prompt(
        _ text: String, messageID: String, model: String, conversation: String?, parent: String?
    ) -> JSON {
        var body = JSONObject()
        body["action"] = "next"
        body["messages"] = [
            [
                "id": JSON(messageID), "role": "user", "author": ["role": "user"],
                "content": ["content_type": "text", "parts": [JSON(text)]], "metadata": [:],
            ]
        ]
        body["parent_message_id"] = JSON(parent ?? Identifier.random())
        if let conversation { body["conversation_id"] = JSON(conversation) }
        addCommon(to: &body, model: model)
        return .object(body)
    }

    /// The rest of a message that was cut by the length limit.
    static func continuation(of message: String, in conversation: String, model: String) -> JSON {
        var body = JSONObject()
        body["action"] = "continue"
        body["conversation_id"] = JSON(conversation)
        body["parent_message_id"] = JSON(message)
        addCommon(to: &body, model: model)
        return .object(body)
    }

    private static func addCommon(to body: inout JSONObject, model: String) {
        body["model"] = JSON(model)
        body["timezone_offset_min"] = 0
        body["history_and_training_disabled"] = false
    }
}
