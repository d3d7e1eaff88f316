import Glibc

/// Steps on directories of the state tree.
enum Directory {
    /// Creates `path` with mode 0700 if it is missing, and makes its entry durable; its parent must exist.
    ///
    /// - Returns: Whether it was created by this call.
    @discardableResult
    static func create(_ path: String, durably: Bool = true) throws(StoreError) -> Bool {
        if mkdir(path, 0o700) == 0 {
            if durably { try sync(parent(of: path)) }
            return true
        }
        guard errno == EEXIST else { throw .last("mkdir", path) }
        return false
    }

    /// Makes the entries of `path` durable: creations, renames and removals.
    ///
    /// - Throws: ``StoreError/Kind/outcomeUnknown``, because what is to be made durable is done already.
    static func sync(_ path: String) throws(StoreError) {
        do throws(StoreError) {
            let directory = try File(path, O_RDONLY | O_DIRECTORY)
            try directory.sync()
        } catch {
            throw StoreError(.outcomeUnknown, error.operation, path: path, code: error.code)
        }
    }

    /// Removes the file `path`.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    static func removeFile(_ path: String, durably: Bool) throws(StoreError) -> Bool {
        guard unlink(path) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return false }
            throw .last("unlink", path)
        }
        if durably { try sync(parent(of: path)) }
        return true
    }

    /// The names in `path`, without `.` and `..`, in no order; empty if there is no such directory.
    ///
    /// A link to a directory is none: whoever sweeps must not come out somewhere else.
    static func names(in path: String) throws(StoreError) -> [String] {
        let descriptor = retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) }
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return [] }
            throw .last("open", path)
        }
        guard let stream = fdopendir(descriptor) else {
            let code = errno
            close(descriptor)
            throw StoreError(.unavailable, "fdopendir", path: path, code: code)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { buffer in
                String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a directory and everything in it; what is already gone is fine.
    static func removeTree(_ path: String) throws(StoreError) {
        for name in try names(in: path) {
            let entry = "\(path)/\(name)"
            var status = stat()
            guard lstat(entry, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { try removeTree(entry) } else { unlink(entry) }
        }
        rmdir(path)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
