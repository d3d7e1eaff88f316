/// Reads the text of a template into its nodes, in one pass.
struct NginxTemplateParser {
    private let name: String
    private var rest: Substring
    /// The text since the last line break, while it is only indentation; nil once the line has something else.
    private var indentation: String? = ""

    init(name: String, text: String) {
        self.name = name
        rest = text[...]
    }

    mutating func parse() throws -> [NginxTemplate.Node] {
        try parse(until: nil)
    }

    /// Reads up to the end tag of the section `section`, or to the end of the text.
    private mutating func parse(until section: String?) throws -> [NginxTemplate.Node] {
        var nodes: [NginxTemplate.Node] = []
        while let open = rest.firstRange(of: "{{") {
            append(rest[..<open.lowerBound], to: &nodes)
            rest = rest[open.upperBound...]
            guard let close = rest.firstRange(of: "}}") else { throw fault("a tag is not closed") }
            let tag = rest[..<close.lowerBound]
            rest = rest[close.upperBound...]
            switch tag.first {
            case "#", "^":
                skipOwnLine(&nodes)
                let name = String(tag.dropFirst())
                nodes.append(
                    .section(name: name, isInverted: tag.first == "^", nodes: try parse(until: name)))
            case "/":
                guard tag.dropFirst() == section ?? "" else { throw fault("{{\(tag)}} ends no section") }
                skipOwnLine(&nodes)
                return nodes
            case ">":
                let indentation = skipOwnLine(&nodes)
                nodes.append(.part(name: String(tag.dropFirst()), indentation: indentation))
            default:
                indentation = nil
                nodes.append(.value(String(tag)))
            }
        }
        if let section { throw fault("the section \(section) is not closed") }
        append(rest, to: &nodes)
        rest = ""
        return nodes
    }

    private mutating func append(_ text: Substring, to nodes: inout [NginxTemplate.Node]) {
        guard !text.isEmpty else { return }
        nodes.append(.text(String(text)))
        let line: Substring
        if let newline = text.lastIndex(of: "\n") {
            line = text[text.index(after: newline)...]
        } else if let before = indentation {
            line = before + text
        } else {
            return
        }
        indentation = line.allSatisfy { $0 == " " } ? String(line) : nil
    }

    /// Removes the line of a tag that is alone on it.
    ///
    /// - Returns: The indentation that was removed, "" if there is other text on the line.
    @discardableResult
    private mutating func skipOwnLine(_ nodes: inout [NginxTemplate.Node]) -> String {
        guard let removed = indentation, let next = rest.first, next == "\n" else {
            indentation = nil
            return ""
        }
        rest = rest.dropFirst()
        if !removed.isEmpty, case .text(let text)? = nodes.last {
            nodes[nodes.count - 1] = .text(String(text.dropLast(removed.count)))
        }
        indentation = ""
        return removed
    }

    private func fault(_ problem: String) -> NginxConfigurationError {
        .template(name: name, problem: problem)
    }
}
