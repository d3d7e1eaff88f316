@testable import Core

/// Makes the bytes of streams as the backend sends them.
enum ChatGPTStream {
    static let conversation = "0a1b2c3d-0000-4000-8000-00000000c001"

    /// One snapshot of a message.
    static func snapshot(
        _ text: String, id: String = "b001", role: String = "assistant", recipient: String = "all",
        status: String? = "in_progress", endsTurn: Bool = false, finish: String? = nil
    ) -> JSON {
        var message = JSONObject()
        message["id"] = JSON(id)
        message["author"] = ["role": JSON(role), "name": nil, "metadata": [:]]
        message["content"] = ["content_type": "text", "parts": [JSON(text)]]
        if let status { message["status"] = JSON(status) }
        message["end_turn"] = endsTurn ? true : nil
        var metadata: JSONObject = JSONObject()
        metadata["model_slug"] = "text-davinci-002-render-sha"
        if let finish { metadata["finish_details"] = ["type": JSON(finish)] }
        message["metadata"] = .object(metadata)
        message["recipient"] = JSON(recipient)
        return ["message": .object(message), "conversation_id": JSON(conversation), "error": nil]
    }

    static func last(_ text: String, id: String = "b001", finish: String = "stop") -> JSON {
        snapshot(text, id: id, status: "finished_successfully", endsTurn: finish == "stop", finish: finish)
    }

    static func event(_ payload: JSON) -> [UInt8] { Array("data: \(payload.text)\n\n".utf8) }

    static let ping = Array("event: ping\r\ndata: 2023-04-11 10:00:00.123456\r\n\r\n".utf8)
    static let done = Array("data: [DONE]\n\n".utf8)

    static func bytes(_ payloads: [JSON], isDone: Bool = true) -> [UInt8] {
        payloads.flatMap(event) + (isDone ? done : [])
    }
}
