import Glibc

/// What went wrong with a file.
struct FileFailure: Error, CustomStringConvertible {
    var kind: StoreError.Kind
    /// The system call or step that failed.
    var operation: String
    var path: String
    /// `errno`, or 0 where no call failed.
    var code: Int32

    var description: String {
        let reason = code == 0 ? "\(kind)" : String(cString: strerror(code))
        return "\(operation) \(path): \(reason)"
    }
}

extension StoreError {
    /// A failed sync is never tried again on the same file, because the kernel forgets the error and drops the pages: the
    /// process ends, and the next reads what the disk really holds.
    init(_ kind: Kind, _ operation: String, path: String, code: Int32 = 0) {
        self.init(
            kind, endsProcess: kind == .outcomeUnknown,
            FileFailure(kind: kind, operation: operation, path: path, code: code))
    }

    /// The failure of the call that just returned.
    static func last(_ operation: String, _ path: String) -> StoreError {
        StoreError(.unavailable, operation, path: path, code: errno)
    }

    private var file: FileFailure? { cause as? FileFailure }

    var operation: String { file?.operation ?? "" }
    /// `errno` of the call that failed, or 0.
    var code: Int32 { file?.code ?? 0 }
}
