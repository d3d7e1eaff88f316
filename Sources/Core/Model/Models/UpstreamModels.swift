/// An upstream's answer to which models it has.
package struct UpstreamModels: Sendable, Equatable {
    package var models: [UpstreamModel]
    /// Whether there are more than were read.
    package var isCut = false

    package init(_ models: [UpstreamModel], isCut: Bool = false) {
        self.models = models
        self.isCut = isCut
    }
}
