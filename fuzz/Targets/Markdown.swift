@testable import Core

/// Model output as HTML: only the tags and attributes that Markdown has, whatever the text is.
@Sendable func fuzzMarkdown(_ input: [UInt8]) {
    guard let html = Markdown.html(from: String(decoding: input, as: UTF8.self)) else { return }
    var rest = Array(html.utf8)[...]
    while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
        guard let end = rest[start...].firstIndex(of: UInt8(ascii: ">")) else { fatalError("a tag without an end") }
        checkTag(String(decoding: rest[(start + 1)..<end], as: UTF8.self))
        rest = rest[(end + 1)...]
    }
}

private let tags: Set<String> = [
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre", "code", "em", "strong",
    "a", "del", "table", "thead", "tbody", "tr", "th", "td", "input", "!--",
]
private let attributes: Set<String> = [
    "href", "title", "rel", "class", "start", "align", "type", "checked", "disabled", "lang", "value",
]

private func checkTag(_ text: String) {
    // What safe mode puts in the place of raw HTML.
    if text == "!-- raw HTML omitted --" { return }
    var name = text.prefix { $0 != " " }
    if name.first == "/" { name = name.dropFirst() }
    require(tags.contains(String(name)), "a tag that Markdown has not: <\(text)>")
    // Values stand in double quotes, which are escaped within: the odd parts are outside of them.
    let parts = text.dropFirst(text.prefix { $0 != " " }.count).split(separator: "\"", omittingEmptySubsequences: false)
    for outside in stride(from: 0, to: parts.count, by: 2) {
        for word in parts[outside].split(whereSeparator: { $0 == " " || $0 == "/" }) {
            let attribute = word.prefix { $0 != "=" }
            require(attributes.contains(String(attribute)), "an attribute that Markdown has not: <\(text)>")
            guard attribute == "href", outside + 1 < parts.count else { continue }
            let address = parts[outside + 1].lowercased()
            for scheme in ["javascript:", "vbscript:", "file:", "data:text"] {
                require(!address.hasPrefix(scheme), "a link that runs: <\(text)>")
            }
        }
    }
}
