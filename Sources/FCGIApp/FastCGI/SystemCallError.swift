import Glibc

/// A failed system call, for the operator.
struct SystemCallError: Error, CustomStringConvertible {
    let call: String
    let number: Int32

    /// Takes the current `errno`.
    init(_ call: String, number: Int32 = errno) {
        self.call = call
        self.number = number
    }

    var description: String { "\(call): \(String(cString: strerror(number)))" }
}
