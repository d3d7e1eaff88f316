import Testing

@testable import Core

struct ModelListReaderTests {
    private func read(_ text: String, piece: Int = .max, member: String = "data") -> ModelListReader {
        var reader = ModelListReader(member: member)
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = piece == .max ? bytes.count : min(bytes.count, start + piece)
            guard reader.feed(Array(bytes[start..<end])) else { break }
            start = end
        }
        return reader
    }

    @Test(arguments: [1, 2, 7, Int.max])
    func `a list is read wherever its pieces are cut`(piece: Int) {
        let text = """
            {"object":"list","models":[{"name":"not this","id":"nor this"}],"data":[{"id":"a\\"]}","x":{"id":"deep"}},
             {"id":"b","tags":["{","}"]},{"id":"a\\"]}"},{"no":"id"},"text",{"id":7}]}
            """

        let reader = read(text, piece: piece)

        #expect(reader.models.map(\.name) == ["a\"]}", "b"])
        #expect(reader.isWhole && !reader.isCut)
    }

    @Test func `a bare array and the list of the ChatGPT backend are understood`() {
        #expect(read(#"[{"id":"a"},{"id":"b"}]"#).models.map(\.name) == ["a", "b"])
        #expect(read(#"{"models":[{"slug":"gpt-4"}]}"#, member: "models").models.map(\.name) == ["gpt-4"])
    }

    @Test func `no more than ten thousand models are kept`() {
        let text = #"{"data":["# + (0..<10_050).map { #"{"id":"m-\#($0)"}"# }.joined(separator: ",") + "]}"

        let reader = read(text, piece: 4096)

        #expect(reader.models.count == ModelListReader.most)
        #expect(reader.isCut)
    }

    @Test(arguments: ["", "<html>busy</html>", #"{"data":[{"id":"a"}"#, #"{"data":"#])
    func `what is no list is not whole`(text: String) { #expect(!read(text).isWhole) }

    @Test func `names of more than 256 bytes and huge elements are passed over`() {
        let long = String(repeating: "é", count: 129)
        let huge = String(repeating: "x", count: 70_000)

        let reader = read(#"{"data":[{"id":"\#(long)"},{"id":"a","x":"\#(huge)"},{"id":"b"}]}"#)

        #expect(reader.models.map(\.name) == ["b"])
    }

    @Test func `brackets without end are given up`() {
        #expect(read(String(repeating: "[", count: 1_000)).models.isEmpty)
    }

    @Test(
        arguments: [
            (#"{"id":"gpt-4o"}"#, .chat), (#"{"id":"text-embedding-3-small"}"#, .embedding),
            (#"{"id":"openai/whisper-large-v3"}"#, .speech), (#"{"id":"gpt-4o-mini-tts"}"#, .speech),
            (#"{"id":"dall-e-3"}"#, .image), (#"{"id":"gpt-image-1"}"#, .image),
            (#"{"id":"omni-moderation-latest"}"#, .moderation), (#"{"id":"nomic-embed-text:latest"}"#, .embedding),
            (#"{"id":"BAAI/bge-m3"}"#, .embedding), (#"{"id":"sora-2"}"#, .video),
            (#"{"id":"llama3.2:3b"}"#, .chat), (#"{"id":"own","type":"embeddings"}"#, .embedding),
            (#"{"id":"text-embedding-lookalike","type":"chat"}"#, .chat),
            (#"{"id":"own","capabilities":["embedding"]}"#, .embedding),
            (#"{"id":"own","capabilities":{"completion_chat":true}}"#, .chat),
            (#"{"id":"own","architecture":{"output_modalities":["image"]}}"#, .image),
            (#"{"id":"own","architecture":{"output_modalities":["image","text"]}}"#, .chat),
        ] as [(String, ModelKind)])
    func `a model's kind is what its upstream says, else what its name says`(element: String, kind: ModelKind) {
        #expect(read(#"{"data":[\#(element)]}"#).models.first?.kind == kind)
    }
}
