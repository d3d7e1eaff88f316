/// What came of reading a request's body.
enum FCGIRequestBody {
    case whole([UInt8])
    case tooLarge
    /// Shorter or longer than announced, not FastCGI, or it did not come in time.
    case broken
}
