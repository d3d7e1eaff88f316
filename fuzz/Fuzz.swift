import Glibc

/// What a target does with an input; it stops the process where something is not as it must be.
typealias FuzzTarget = @Sendable (_ input: [UInt8]) -> Void

private let targets: [String: FuzzTarget] = [
    "cgi": fuzzCGI, "fastcgi": fuzzFastCGI, "form": fuzzForm, "multipart": fuzzMultipart, "json": fuzzJSON,
    "events": fuzzEvents, "delta": fuzzDelta,
    "chatgpt": fuzzChatGPT, "signin": fuzzSignIn, "records": fuzzRecords, "settings": fuzzSettings,
    "markdown": fuzzMarkdown,
]

/// The target that `FUZZ_TARGET` names.
private let chosen: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = targets[name] else { fatalError("FUZZ_TARGET must be one of \(targets.keys.sorted())") }
    return target
}()

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// Stops the process, and with it the run, unless `condition` holds; in optimised builds too.
func require(_ condition: Bool, _ rule: @autoclosure () -> String) {
    if !condition { fatalError(rule()) }
}
