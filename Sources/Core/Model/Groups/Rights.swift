/// What a call may do and who pays for it: by its keys, and by the groups of the user for whom it is made.
package struct Rights: Sendable, Equatable {
    package var hasPlus: Bool
    package var models: AllowedModels
    /// Nil for users without groups.
    package var group: Group?

    /// The union of what the user itself and its groups allow, as far as the keys do, too.
    ///
    /// - Parameters:
    ///   - groups: Those of the user that are valid now.
    ///   - keys: With which the call came.
    ///   - charged: The group that pays.
    package init(of user: User, in groups: [Group], keys: [User.Key], charged: Group?) {
        hasPlus = user.hasPlus || groups.contains(where: \.hasPlus)
        let own = groups.first.map { first in
            groups.dropFirst().reduce(AllowedModels(first.models)) { $0.union(AllowedModels($1.models)) }
        }
        models = keys.reduce(own ?? .all) { $0.intersection(AllowedModels($1.models)) }
        group = charged
    }
}
