import Glibc

/// A path that begins at the root, because nginx reads relative ones from other places than a shell.
struct AbsolutePath: Sendable, Equatable {
    let text: String

    /// Puts a relative `path` below the working directory, and drops `.` and doubled slashes.
    ///
    /// `..` stays: behind a symbolic link it is not what it seems. Without a working directory the path stays
    /// relative, which ``NginxValue/path(_:named:before:after:)`` refuses.
    init(_ path: String) {
        self.init(path, workingDirectory: Self.workingDirectory)
    }

    init(_ path: String, workingDirectory: String?) {
        guard path.hasPrefix("/") || workingDirectory != nil else {
            text = path
            return
        }
        let whole = path.hasPrefix("/") ? path : (workingDirectory ?? "") + "/" + path
        text = "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    private static var workingDirectory: String? {
        guard let directory = getcwd(nil, 0) else { return nil }
        defer { free(directory) }
        return String(cString: directory)
    }
}
