/// Why there is no socket to listen on.
enum ListeningSocketError: Error, CustomStringConvertible {
    case badPath(String, longest: Int)
    case notASocket(String)
    case inUse(String)
    case noSuchGroup(String)
    case system(String, SystemCallError)

    var description: String {
        switch self {
        case .badPath(let path, let longest): "The socket's path must have 1 to \(longest) bytes: \(path)"
        case .notASocket(let path): "\(path) exists and is not a socket."
        case .inUse(let path): "Another process accepts on the socket \(path)."
        case .noSuchGroup(let name): "There is no group \(name)."
        case .system(let path, let error): "The socket \(path) cannot be made: \(error)"
        }
    }
}
