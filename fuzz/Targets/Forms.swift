@testable import Core

/// Queries and urlencoded forms: what was read, written again and read again, is the same.
@Sendable func fuzzForm(_ input: [UInt8]) {
    guard let fields = try? FormDecoder.decode(input) else { return }
    require(fields.count <= 1000, "too many fields")

    let written = fields.map { "\(escaped($0.name))=\(escaped($0.value))" }.joined(separator: "&")
    let again = try? FormDecoder.decode(written.utf8)

    require(again?.map { [$0.name, $0.value] } == fields.map { [$0.name, $0.value] }, "read differently: \(written)")
}

private func escaped(_ text: String) -> String {
    text.utf8.map { "%" + Hex.encode([$0]) }.joined()
}

/// Multipart forms: the first line of the input is the content type's rest, what follows is the body.
@Sendable func fuzzMultipart(_ input: [UInt8]) {
    let line = input.firstIndex(of: 0x0A) ?? input.endIndex
    let type = "multipart/form-data;" + String(decoding: input[..<line], as: UTF8.self)
    let body = Array(input[line...].dropFirst())
    guard let fields = try? MultipartDecoder.decode(body, contentType: type) else { return }
    require(fields.count <= 1000, "too many fields")
    require(fields.reduce(0) { $0 + $1.value.utf8.count } <= input.count, "more came out than went in")

    // A boundary that stands in no value gives the same fields again.
    let boundary = "-----------------------------fuzz"
    guard !fields.contains(where: { hasOddName($0.name) || $0.value.contains(boundary) }) else { return }
    let parts = fields.map { field in
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field.name)\"\r\n\r\n\(field.value)\r\n"
    }
    let written = Array((parts.joined() + "--\(boundary)--\r\n").utf8)
    let again = try? MultipartDecoder.decode(written, contentType: "multipart/form-data; boundary=\(boundary)")
    require(again?.map(\.value).map { Array($0.utf8) } == fields.map { Array($0.value.utf8) }, "read differently")
}

/// Whether the name cannot stand between quotes on one line.
private func hasOddName(_ name: String) -> Bool { name.utf8.contains { $0 == 0x22 || $0 == 0x0A || $0 == 0x0D } }
