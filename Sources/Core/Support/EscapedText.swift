/// Text as it stands between the quotes of a JSON string: valid UTF-8 in which every escape is whole.
///
/// Pieces of a reply go through and are put together without being decoded; that is done once, at the end.
package struct EscapedText: Sendable, Equatable {
    package private(set) var bytes: ArraySlice<UInt8>

    package init() { bytes = [] }

    package init(_ text: String) { bytes = JSON(text).bytes.dropFirst().dropLast() }

    /// - Parameter bytes: What a ``JSONScanner`` found between the quotes of a string.
    init(scanned bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    package var isEmpty: Bool { bytes.isEmpty }

    /// - Parameter more: As for ``init(scanned:)``.
    mutating func append(_ more: some Sequence<UInt8>) { bytes += more }

    mutating func append(_ more: String) { append(EscapedText(more).bytes) }

    package var text: String {
        guard bytes.contains(UInt8(ascii: "\\")) else { return String(decoding: bytes, as: UTF8.self) }
        let quote = UInt8(ascii: "\"")
        // Whoever made this checked it, so the other branch never counts.
        return (try? JSONReader.read([quote] + bytes + [quote], limits: .trusted))?.string ?? ""
    }
}
