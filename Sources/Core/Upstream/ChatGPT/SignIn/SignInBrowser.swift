/// Fetches the pages of a sign-in: one cookie jar, no redirects on its own, only the configured hosts.
struct SignInBrowser {
    struct Page {
        var url: String
        var status: Int
        /// Where it redirects to, as an absolute URL.
        var location: String?
        var body: [UInt8]

        var json: JSON? { try? JSONReader.read(body, limits: .trusted) }
        var text: String { String(decoding: body, as: UTF8.self) }
        var isRedirect: Bool { (300..<400).contains(status) }
    }

    private static let mostBytes = 1 << 20

    let client: HTTPClient
    let proxy: Proxy?
    /// The origins that may be asked: none of them is a caller's choice.
    let origins: [String]
    var jar = CookieJar()

    init(client: HTTPClient, proxy: Proxy?, bases: [String]) {
        self.client = client
        self.proxy = proxy
        origins = bases.compactMap(WebAddress.origin(of:))
    }

    /// Fetches one page; a form makes it a POST.
    ///
    /// - Throws: `edge` and `rateLimited` for what any page may answer, `unexpected` with `step` for a foreign host.
    mutating func fetch(
        _ url: String, posting form: [(name: String, value: String)]? = nil, step: String
    ) async throws(SignInFailure) -> Page {
        guard let origin = WebAddress.origin(of: url), origins.contains(origin) else {
            throw .unexpected("\(step): it leads to another host")
        }
        let host = WebAddress.host(of: url)
        var headers = [(name: "Accept", value: "text/html,application/json;q=0.9,*/*;q=0.8")]
        if form != nil { headers.append(("Content-Type", "application/x-www-form-urlencoded")) }
        if let cookies = jar.header(for: host) { headers.append(("Cookie", cookies)) }
        let request = HTTPClientRequest(
            method: form == nil ? "GET" : "POST", url: url, headers: headers,
            body: form.map { Array(WebAddress.form($0).utf8) }, proxy: proxy?.url, firstByteTimeout: .seconds(15),
            totalTimeout: .seconds(15))
        let response: HTTPClientResponse
        let body: [UInt8]
        do throws(HTTPClientError) {
            response = try await client.send(request)
            body = try await response.collect(upTo: Self.mostBytes)
        } catch {
            throw .unreachable(error)
        }
        for cookie in response.headers(named: "Set-Cookie") { jar.take(cookie, from: host) }
        switch response.status {
        case 403: throw .edge
        case 429: throw .rateLimited
        case 500...:
            throw response.header("cf-mitigated") == nil ? .unexpected("\(step): status \(response.status)") : .edge
        default: break
        }
        let location = response.header("Location").flatMap { WebAddress.resolve($0, against: url) }
        return Page(url: url, status: response.status, location: location, body: body)
    }
}
