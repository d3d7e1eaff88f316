import Testing

@testable import Core

@Suite struct SettingsThresholdsTests {
    private let url = "https://ops.example.org/hook/?token=a"

    private func read(_ thresholds: String, environment: [String: String] = [:]) throws -> Settings.Thresholds {
        try decode("{\"usage\": {\"thresholds\": \(thresholds)}}", environment: environment).settings.thresholds
    }

    @Test func `nobody is told until there is a URL`() throws {
        #expect(try decode("{}").settings.thresholds == Settings.Thresholds())
        #expect(Settings.Thresholds().percents == [80, 100] && Settings.Thresholds().webhook == nil)
        #expect(try read(#"{"percent": [50]}"#).webhook == nil)
        #expect(try read("null") == Settings.Thresholds())
    }

    @Test func `the URL stays as it is written, and percentages are put in order`() throws {
        let read = try read(#"{"percent": [100, 5, 80], "webhook_url": "\#(url)", "webhook_secret": "one two"}"#)
        #expect(read.percents == [5, 80, 100])
        #expect(read.webhook?.url.value == url && read.webhook?.secret.value == "one two")
    }

    @Test func `the secret is read from a variable or a file, too`() throws {
        let variable = try read(
            #"{"webhook_url": "http://127.0.0.1:9/", "webhook_secret_env": "HOOK"}"#, environment: ["HOOK": "s3cret"])
        #expect(variable.webhook?.secret.value == "s3cret")
        let folder = TemporaryDirectory()
        let file = try folder.write("from a file\n", to: "hook")
        #expect(
            try read(#"{"webhook_url": "http://[::1]/", "webhook_secret_file": "\#(file)"}"#).webhook?.secret.value
                == "from a file")
    }

    @Test func `a secret without a URL is warned about, and so is a key that nobody knows`() throws {
        let warnings = try decode(#"{"usage": {"thresholds": {"webhook_secret": "a", "percents": [1]}, "other": 1}}"#)
            .warnings.map(\.path)
        for key in ["thresholds.webhook_secret", "thresholds.percents", "other"] {
            #expect(warnings.contains("usage.\(key)"))
        }
    }

    @Test(arguments: [
        (#"{"percent": []}"#, "percent"), (#"{"percent": 80}"#, "percent"), (#"{"percent": [0]}"#, "percent"),
        (#"{"percent": [101]}"#, "percent"), (#"{"percent": [80.5]}"#, "percent"), (#"{"percent": ["80"]}"#, "percent"),
        (#"{"percent": [80, 80]}"#, "percent"), (#"{"percent": [1,2,3,4,5,6,7,8,9,10,11]}"#, "percent"),
        (#"{"percent": null}"#, "percent"),
        (#"{"webhook_url": "https://ops.example.org/"}"#, "webhook_secret"),
        (#"{"webhook_url": "ftp://ops.example.org/", "webhook_secret": "a"}"#, "webhook_url"),
        (#"{"webhook_url": "https://me:pass@ops.example.org/", "webhook_secret": "a"}"#, "webhook_url"),
        (#"{"webhook_url": "https://ops.example.org/#a", "webhook_secret": "a"}"#, "webhook_url"),
        (#"{"webhook_url": "ops.example.org", "webhook_secret": "a"}"#, "webhook_url"),
        (#"{"webhook_url": 1, "webhook_secret": "a"}"#, "webhook_url"),
        (#"{"webhook_url": "https://x/", "webhook_secret": ""}"#, "webhook_secret"),
        (#"{"webhook_url": "https://x/", "webhook_secret": "a", "webhook_secret_env": "B"}"#, "webhook_secret"),
        (#"{"webhook_url": "https://x/", "webhook_secret_env": "NOT_SET"}"#, "webhook_secret_env"),
        (#"{"webhook_url": "https://x/", "webhook_secret_file": "/nonexistent"}"#, "webhook_secret_file"),
    ])
    func `wrong values are problems with their place`(text: String, key: String) throws {
        #expect(try problems("{\"usage\": {\"thresholds\": \(text)}}").map(\.path) == ["usage.thresholds.\(key)"])
    }

    @Test func `no problem shows the URL or the secret`() throws {
        let problems = try problems(
            #"{"usage": {"thresholds": {"webhook_url": "https://x/#token-1", "webhook_secret": 12345}}}"#)
        #expect(problems.count == 2)
        #expect(problems.allSatisfy { !"\($0)".contains("token-1") && !"\($0)".contains("12345") })
    }

    @Test func `sections of the wrong kind are problems`() throws {
        #expect(try problems(#"{"usage": 1}"#).map(\.path) == ["usage"])
        #expect(try problems(#"{"usage": {"thresholds": []}}"#).map(\.path) == ["usage.thresholds"])
    }
}
