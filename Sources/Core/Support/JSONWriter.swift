import Glibc

extension JSON {
    /// The value as compact UTF-8 JSON, members in their order.
    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        write(to: &output)
        return output
    }

    /// The value as compact JSON text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package func write(to output: inout [UInt8]) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let text): output.append(contentsOf: text.utf8)
        case .string(let text): Self.write(text, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    /// How many bytes ``write(to:)`` appends.
    var size: Int {
        switch self {
        case .null: 4
        case .bool(let value): value ? 4 : 5
        case .number(let text): text.utf8.count
        case .string(let text): Self.size(of: text)
        // A comma for all elements but one, and two brackets.
        case .array(let elements): elements.reduce(max(2, elements.count + 1)) { $0 + $1.size }
        case .object(let object):
            object.members.reduce(max(2, object.members.count + 1)) {
                $0 + Self.size(of: $1.name) + 1 + $1.value.size
            }
        }
    }

    private static func size(of text: String) -> Int {
        var size = 2
        parts(of: text, plain: { size += $0.count }, special: { size += letter(for: $0) == nil ? 6 : 2 })
        return size
    }

    /// Appends `text` as a JSON string.
    package static func write(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        parts(
            of: text, plain: { output.append(contentsOf: $0) },
            special: { byte in
                if let letter = letter(for: byte) {
                    output.append(UInt8(ascii: "\\"))
                    output.append(letter)
                } else {
                    output.append(contentsOf: "\\u00".utf8)
                    Hex.append(byte, to: &output)
                }
            })
        output.append(UInt8(ascii: "\""))
    }

    /// Gives what can stand in a string as it is to `plain`, and what must be escaped to `special`, in their order.
    private static func parts(
        of text: String, plain: (UnsafeBufferPointer<UInt8>) -> Void, special: (UInt8) -> Void
    ) {
        var text = text
        text.withUTF8 { utf8 in
            var place = 0
            while true {
                let start = place
                JSONText.skipPlain(in: utf8, from: &place)
                var run = utf8.extracting(start..<place)
                // JSON would take DEL as it is, but a terminal acts on it.
                while let base = run.baseAddress, let found = memchr(base, 0x7F, run.count) {
                    let delete = UnsafeRawPointer(found) - UnsafeRawPointer(base)
                    plain(run.extracting(..<delete))
                    special(0x7F)
                    run = run.extracting((delete + 1)...)
                }
                plain(run)
                guard place < utf8.count else { return }
                special(utf8[place])
                place += 1
            }
        }
    }

    /// What stands for `byte` after a backslash; nil for those that need their number.
    private static func letter(for byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case 0x0A: UInt8(ascii: "n")
        case 0x0D: UInt8(ascii: "r")
        case 0x09: UInt8(ascii: "t")
        default: nil
        }
    }
}
