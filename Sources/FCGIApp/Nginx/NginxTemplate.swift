/// A small template: `{{name}}`, `{{#name}}…{{/name}}`, `{{^name}}…{{/name}}` and `{{>part}}`.
///
/// A section is written when its flag is set or there is a text, or once for each element of its list, whose names
/// then come first; the one with `^` when the flag is not set or the list is empty. A tag of a section or a part that
/// is alone on its line leaves no line, and a part is indented as its tag.
struct NginxTemplate: Sendable {
    enum Value: Sendable {
        case text(NginxValue)
        case flag(Bool)
        case list([[String: Value]])
    }

    indirect enum Node: Sendable, Equatable {
        case text(String)
        case value(String)
        case section(name: String, isInverted: Bool, nodes: [Node])
        case part(name: String, indentation: String)
    }

    let name: String
    let nodes: [Node]

    /// Reads a template.
    ///
    /// - Parameter name: Names the template in errors.
    init(name: String, text: String) throws {
        var parser = NginxTemplateParser(name: name, text: text)
        self.name = name
        nodes = try parser.parse()
    }

    /// Writes the template with `values`.
    ///
    /// - Parameter parts: Gives the template for the name of a part.
    /// - Throws: ``NginxConfigurationError/template(name:problem:)`` for a name that `values` does not have; nothing
    ///   is left out in silence.
    func render(_ values: [String: Value], parts: [String: NginxTemplate]) throws -> String {
        try render(nodes, scopes: [values], parts: parts)
    }

    private func render(
        _ nodes: [Node], scopes: [[String: Value]], parts: [String: NginxTemplate]
    ) throws -> String {
        var output = ""
        for node in nodes {
            switch node {
            case .text(let text):
                output += text
            case .value(let name):
                guard case .text(let value) = try find(name, in: scopes) else { throw fault("\(name) is not a text") }
                output += value.text
            case .section(let name, let isInverted, let nodes):
                for scope in try elements(name, isInverted: isInverted, in: scopes) {
                    output += try render(nodes, scopes: scopes + [scope], parts: parts)
                }
            case .part(let name, let indentation):
                guard let part = parts[name] else { throw fault("there is no part \(name)") }
                output += Self.indent(try part.render(part.nodes, scopes: scopes, parts: parts), by: indentation)
            }
        }
        return output
    }

    /// The scopes in which the nodes of a section are written: none when it is left out.
    private func elements(
        _ name: String, isInverted: Bool, in scopes: [[String: Value]]
    ) throws -> [[String: Value]] {
        let elements: [[String: Value]]
        switch try find(name, in: scopes) {
        case .flag(let flag): elements = flag ? [[:]] : []
        case .list(let list): elements = list
        case .text: elements = [[:]]
        }
        guard isInverted else { return elements }
        return elements.isEmpty ? [[:]] : []
    }

    private func find(_ name: String, in scopes: [[String: Value]]) throws -> Value {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        throw fault("there is no value \(name)")
    }

    private func fault(_ problem: String) -> NginxConfigurationError {
        .template(name: name, problem: problem)
    }

    private static func indent(_ text: String, by indentation: String) -> String {
        guard !indentation.isEmpty else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : indentation + $0 }
            .joined(separator: "\n")
    }
}
