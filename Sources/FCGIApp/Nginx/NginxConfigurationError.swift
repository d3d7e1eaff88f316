/// Why no configuration can be printed.
enum NginxConfigurationError: Error, Equatable, CustomStringConvertible {
    /// A value that nginx would misread.
    case value(name: String, value: String, expected: String)
    /// A fault of our own template: something is missing, or a section is not closed.
    case template(name: String, problem: String)

    var description: String {
        switch self {
        case .value(let name, let value, let expected):
            "\(name): found \"\(value)\", expected \(expected)"
        case .template(let name, let problem):
            "nginx/\(name).template: \(problem)"
        }
    }
}
