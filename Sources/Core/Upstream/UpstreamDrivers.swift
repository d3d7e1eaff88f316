/// The drivers by kind of account.
package struct UpstreamDrivers: Sendable {
    private let openAI: any UpstreamDriver
    private let chatGPT: (any UpstreamDriver)?

    package init(openAI: any UpstreamDriver, chatGPT: (any UpstreamDriver)? = nil) {
        self.openAI = openAI
        self.chatGPT = chatGPT
    }

    func standardModels(of account: Account) -> [String]? {
        (try? driver(for: account))?.standardModels(of: account)
    }

    func driver(for account: Account) throws(UpstreamError) -> any UpstreamDriver {
        switch account.kind {
        case .openAI: return openAI
        case .chatGPT:
            guard let chatGPT else {
                throw UpstreamError(.unreachable, .transient, "no driver for this kind of account")
            }
            return chatGPT
        }
    }
}
