/// A text that must not appear in any output: a key, a password, a token.
///
/// Interpolation, `print`, `dump` and reflection of a value that holds one show `•••`; only ``value`` gives
/// the text. The memory is ordinary memory.
package struct Secret: Sendable, Equatable {
    package let value: String

    package init(_ value: String) { self.value = value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "•••" }
    package var debugDescription: String { "•••" }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
