package struct Account: Sendable, Equatable, Identifiable {
    package struct ID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        package var rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }
        package var description: String { rawValue }
    }
    package var id: ID
    package var maxConcurrent: Int?
}
