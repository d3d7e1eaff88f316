/// What the operator decided in `settings.json`, checked and complete.
///
/// Every value has a default, so `Settings()` is what an empty object in the file means: no accounts and
/// the original paths. Secrets are already read from the environment and from their files.
package struct Settings: Sendable, Equatable {
    /// The accounts and how the ChatGPT backend is reached: the key `openai`.
    package var openAI = OpenAI()
    /// What callers see: the key `api_server`.
    package var server = Server()
    /// Leaves the addresses of admins out of the audit log: the key `audit.omit_address`.
    package var auditOmitsAddress = false

    package init() {}
}
