import Glibc

/// A failure of the state directory, in words for the operator.
package struct StoreError: Error, CustomStringConvertible {
    package enum Kind: Sendable {
        /// Nothing was changed; the same operation may succeed later.
        case unavailable
        /// The lock was not free in time; nothing was changed.
        case busy
        /// fsync failed: what was written may or may not survive. It is never tried again on the same file,
        /// because the kernel forgets the error and drops the pages.
        case outcomeUnknown
        /// A record cannot be read; it was left as it is.
        case corrupt
    }

    package var kind: Kind
    /// The system call or step that failed.
    package var operation: String
    package var path: String
    /// `errno`, or 0 where no call failed.
    package var code: Int32

    package init(_ kind: Kind, _ operation: String, path: String, code: Int32 = 0) {
        self.kind = kind
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The failure of the call that just returned.
    static func last(_ operation: String, _ path: String) -> StoreError {
        StoreError(.unavailable, operation, path: path, code: errno)
    }

    package var description: String {
        let reason = code == 0 ? "\(kind)" : String(cString: strerror(code))
        return "\(operation) \(path): \(reason)"
    }
}
