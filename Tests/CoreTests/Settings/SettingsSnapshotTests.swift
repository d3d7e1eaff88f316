import Glibc
import Testing

@testable import Core

@Suite struct SettingsSnapshotTests {
    @Test func `kept settings are the same when file, secrets and certificates are gone`() throws {
        let folder = try TemporaryFolder()
        let secret = try folder.write("key", "sk-upstream-of-a\n")
        let certificate = try folder.write("certificate.pem", "x")
        let file = try folder.write(
            "settings.json",
            """
            {"openai": {"instances": [
                {"id": "a", "base_url": "http://127.0.0.1:1/v1", "api_key_file": "key"},
                {"id": "b", "base_url": "http://127.0.0.1:1/v1", "api_key_env": "KEY_OF_B"}]},
             "api_server": {"default_prompt": "Grüße", "tls": {"certificate": "certificate.pem",
                "certificate_key": "certificate.pem"}}, "a member that nobody knows": [1e3, null]}
            """)
        let environment = ["KEY_OF_B": "sk-of-b"]
        let snapshot = try SettingsSnapshot(path: file, environment: environment)
        let bytes = snapshot.bytes
        for path in [secret, certificate, file] { unlink(path) }

        let kept = try SettingsSnapshot(bytes: bytes, environment: environment)

        #expect(kept.settings == snapshot.settings)
        #expect(kept.settings.openAI.accounts.count == 2)
        #expect(kept.bytes.count == bytes.count)
    }

    @Test(arguments: ["", "{}", "[]", "{\"settings\": {}, \"directory\": 5, \"files\": {}}"])
    func `anything else is refused`(text: String) {
        #expect(throws: SettingsError.self) { try SettingsSnapshot(bytes: Array(text.utf8), environment: [:]) }
    }
}
