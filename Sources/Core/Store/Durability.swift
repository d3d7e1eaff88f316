/// What an acknowledged write survives.
package enum Durability: String, Sendable, CaseIterable {
    /// A power cut.
    case fsync
    /// `kill -9` of every process, not a power cut.
    case flush
}
