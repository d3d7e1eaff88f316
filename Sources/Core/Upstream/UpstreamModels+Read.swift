extension UpstreamModels {
    /// How long an upstream may take for it.
    static let longestAnswer = Duration.seconds(15)
    /// The most bytes that are read of it.
    private static let largestAnswer = 32 << 20

    /// Reads an answer as it comes, and no more of it than is of use.
    ///
    /// - Parameter member: The member of the outermost object that holds the list.
    init(reading response: HTTPClientResponse, member: String) async throws(UpstreamError) {
        defer { response.cancel() }
        var reader = ModelListReader(member: member)
        var size = 0
        do throws(HTTPClientError) {
            while let piece = try await response.next() {
                size += piece.count
                guard reader.feed(piece), size <= Self.largestAnswer else { break }
            }
        } catch { throw UpstreamError(error) }
        let isCut = reader.isCut || size > Self.largestAnswer
        guard reader.isWhole || isCut else { throw UpstreamError(.badReply, .transient, "no list of models") }
        self.init(reader.models, isCut: isCut)
    }
}
