/// What the operator decided in `settings.json`, checked and complete.
///
/// Every value has a default, so `Settings()` is what an empty object in the file means: no accounts and
/// the original paths. Secrets are already read from the environment and from their files.
package struct Settings: Sendable, Equatable {
    /// The accounts and how the ChatGPT backend is reached: the key `openai`.
    package var openAI = OpenAI()
    /// What callers see: the key `api_server`.
    package var server = Server()
    /// What may be used: the key `limits`.
    package var limits = LimitSettings()
    /// Leaves the addresses of admins out of the audit log: the key `audit.omit_address`.
    package var auditOmitsAddress = false
    /// What calls cost: the key `prices`.
    package var prices = Prices()
    /// Of what use the operator is told: the key `usage.thresholds`.
    package var thresholds = Thresholds()

    /// The bounds on keys that users make: the key `keys`.
    package var keys = Keys()

    /// How long things stay: the key `retention`.
    package var retention = Retention()

    package init() {}

    /// The bounds on keys that users make.
    package struct Keys: Sendable, Equatable {
        /// How many that work a user may have.
        package var maxPerUser = 10
        /// How long the longest lives; nil where one may live for ever.
        package var maxDays: Int? = 365

        package init() {}
    }

    /// Who may connect.
    package enum Network: String, Sendable, CaseIterable {
        /// Every address.
        case wan
        /// Private and loopback addresses only.
        case lan
    }

    /// What an acknowledged write survives.
    package enum Durability: String, Sendable, CaseIterable {
        /// A power cut.
        case fsync
        /// The death of the process, but not of the machine.
        case flush
    }

    /// Which endpoints answer a GET with parameters in its query.
    package enum AllowGet: Sendable, CaseIterable {
        /// All that the original answered.
        case always
        /// All but those that take a password.
        case noPasswords
        /// None that takes a credential.
        case never
    }
}

extension Settings {
    /// The accounts and how the ChatGPT backend is reached: the key `openai`.
    ///
    /// The URLs, endpoints and models here are for accounts of kind `chatgpt`; an account of kind `openai`
    /// brings its own base URL. The URLs end without a slash, the endpoints begin with one.
    package struct OpenAI: Sendable, Equatable {
        /// In the order of the file, which is the order of rotation.
        package var accounts: [Account] = []
        package var baseURL = "https://chat.openai.com/backend-api"
        /// Where csrf, sign-in and session live.
        package var webBaseURL = "https://chat.openai.com"
        package var authBaseURL = "https://auth0.openai.com"
        package var endpoints = Endpoints()
        /// The longest life of a cached access token; its own expiry may end it earlier.
        package var accessTokenRefreshInterval: Duration = .seconds(86_400)
        /// The model of accounts that are not plus.
        package var defaultModel = "text-davinci-002-render-sha"
        /// The model of plus accounts.
        package var plusModel = "gpt-4"

        package init() {}

        /// Paths below ``OpenAI/baseURL``.
        package struct Endpoints: Sendable, Equatable {
            package var conversation = "/conversation"
            package var genTitle = "/conversation/gen_title"
            package var models = "/models"

            package init() {}
        }
    }
}
