import Core

extension NginxPlan {
    /// The plan for `settings` on this host.
    ///
    /// - Parameters:
    ///   - socket: Where the workers accept.
    ///   - www: The directory of the static files.
    ///   - prefix: The directory of logs, temporary files and the pid.
    init(settings: Settings, socket: AbsolutePath, www: AbsolutePath, prefix: AbsolutePath) {
        let server = settings.server
        self.init(socket: socket.text, www: www.text, prefix: prefix.text)
        host = server.host
        port = server.port
        basePath = server.basePath
        tls = server.tls.map {
            TLS(
                certificate: AbsolutePath($0.certificate).text, certificateKey: AbsolutePath($0.certificateKey).text)
        }
        network =
            switch server.network {
            case .lan: .lan
            case .wan: .wan
            }
        serverName = server.wanURL.flatMap(Self.host(ofURL:))
        pages = Pages(
            chat: server.browserPaths.chat, recall: server.browserPaths.recall,
            accessToken: server.browserPaths.accessToken, addUser: server.browserPaths.addUser)
        language = server.webUILanguage
        maxBodyBytes = server.maxBodyBytes
        maxOpenAIBodyBytes = server.maxOpenAIBodyBytes
        origins = server.corsOrigins
        workers = server.workers
    }

    /// The host of an absolute URL; nil for an IPv6 address, which is no name, and for what is not a URL.
    static func host(ofURL url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        guard !place.hasPrefix("[") else { return nil }
        let host = place.prefix { $0 != ":" }
        return host.isEmpty ? nil : String(host)
    }
}
