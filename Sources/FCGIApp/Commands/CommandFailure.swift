/// A command that could not do its work; its description is what the operator reads.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(_ error: any Error) { description = "\(error)" }
}
