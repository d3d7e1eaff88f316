@testable import Core

/// Settings: each file is taken or refused with problems that a person can read, and tells no secret.
@Sendable func fuzzSettings(_ input: [UInt8]) {
    guard let json = try? JSONReader.read(input, limits: .trusted) else { return }
    // No secret is read from a file of this machine: the directory does not exist.
    let environment = ["KEY": "a-secret-of-the-environment", "EMPTY": ""]
    do throws(SettingsError) {
        let (settings, warnings) = try Settings.decode(json, environment: environment, secretsBase: "/nonexistent")
        require((1...65_535).contains(settings.server.port), "a port that is none")
        require(settings.server.basePath.hasPrefix("/") && settings.server.basePath.hasSuffix("/"), "a base path")
        require(settings.server.maxBodyBytes > 0, "no body could be sent")
        let ids = settings.openAI.accounts.map(\.id)
        require(Set(ids).count == ids.count, "two accounts of one id")
        for account in settings.openAI.accounts { _ = (account.fingerprint, account.proxy?.redacted) }
        check(warnings.map { "\($0)" })
    } catch {
        require(!error.problems.isEmpty, "refused without a reason")
        check(error.problems.map { "\($0)" })
    }
}

private func check(_ lines: [String]) {
    for line in lines {
        require(!line.contains("a-secret-of-the-environment"), "a secret in a message: \(line)")
        require(!line.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a control character in a message: \(line)")
    }
}
