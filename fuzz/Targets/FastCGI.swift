/// FastCGI records as they come from a socket: the same whole as byte by byte, and never more than is allowed.
@Sendable func fuzzFastCGI(_ input: [UInt8]) {
    let whole = records(of: input, by: max(1, input.count))
    let parts = records(of: input, by: 1)
    require(whole.parameters == parts.parameters && whole.body == parts.body, "pieces make a difference")
    require(whole.bodySize == parts.bodySize && whole.id == parts.id, "pieces make a difference")
    require(whole.parameters.count <= FCGIRecords.maxParameterBytes, "too many parameters were kept")
    require(whole.body.count <= 1000, "too much of a body was kept")
    var parameters = FCGIParameters()
    _ = parameters.add(encoded: whole.parameters)
    require(parameters.fields.count <= FCGIParameters.maxFields, "too many fields")
}

/// The request in `input`, of which `size` bytes come at a time.
private func records(of input: [UInt8], by size: Int) -> FCGIRecords {
    var records = FCGIRecords()
    var rest = input[...]
    while !rest.isEmpty {
        let (used, progress) = Array(rest.prefix(size)).withUnsafeBufferPointer { records.take($0) }
        rest = rest.dropFirst(used)
        switch progress {
        case .unfinished: require(used > 0, "nothing was used")
        case .parameters: records.bodyLimit = 1000
        case .whole, .broken: return records
        }
    }
    return records
}
