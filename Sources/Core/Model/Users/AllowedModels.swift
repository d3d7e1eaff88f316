/// Which models may be asked for, by their exact names.
package struct AllowedModels: Sendable, Equatable {
    /// Nil: all.
    private var names: [String]?

    package static let all = AllowedModels([])

    /// - Parameter list: Empty for all, as settings of groups and keys have it.
    package init(_ list: [String]) { names = list.isEmpty ? nil : list }

    package var areAll: Bool { names == nil }

    package func contains(_ model: String) -> Bool {
        // Names that only look alike are other models: bytes are compared, not characters.
        names?.contains { $0.utf8.elementsEqual(model.utf8) } ?? true
    }

    package func isWithin(_ other: AllowedModels) -> Bool { names?.allSatisfy(other.contains) ?? other.areAll }

    /// Those that either allows.
    package func union(_ other: AllowedModels) -> AllowedModels {
        guard let names, let others = other.names else { return .all }
        return AllowedModels(exactly: names + others.filter { !contains($0) })
    }

    /// Those that both allow, which may be none.
    package func intersection(_ other: AllowedModels) -> AllowedModels {
        guard let names else { return other }
        return AllowedModels(exactly: names.filter(other.contains))
    }

    private init(exactly names: [String]) { self.names = names }
}
