import Glibc
import Logging

@testable import Core

/// A directory that is removed with its last use.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        path = "/tmp/cas-test-\(Identifier.random())"
        mkdir(path, 0o700)
    }

    deinit { try? Directory.removeTree(path) }

    func store(durability: Settings.Durability = .flush) throws -> JSONFileStore {
        try JSONFileStore(root: "\(path)/state", durability: durability, log: Logger(label: "test"))
    }

    func write(_ text: String, to name: String) throws -> String {
        let file = try File("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC)
        try file.write(Array(text.utf8))
        return file.path
    }
}
