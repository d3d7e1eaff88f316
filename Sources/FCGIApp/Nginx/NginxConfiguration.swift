/// Writes nginx's configuration for a plan, from the templates of `nginx/`.
struct NginxConfiguration: Sendable {
    enum Part: Sendable {
        /// A file for `nginx -c`.
        case whole
        /// What stands in a `server` that is already there; with its own log and limits only if ``http`` is
        /// included, too.
        case server(withHTTPPart: Bool)
        /// What stands in the `http` of an nginx that is already there.
        case http
    }

    private let templates: [String: NginxTemplate]

    /// Reads the templates that the program carries.
    init() throws {
        let texts = [
            "nginx.conf": PackageResources.nginx_conf_template,
            "http.conf": PackageResources.http_conf_template,
            "server.conf": PackageResources.server_conf_template,
            "location.conf": PackageResources.location_conf_template,
            "headers.conf": PackageResources.headers_conf_template,
            "fastcgi.conf": PackageResources.fastcgi_conf_template,
            "files.conf": PackageResources.files_conf_template,
            "retry.conf": PackageResources.retry_conf_template,
            "cors.conf": PackageResources.cors_conf_template,
        ]
        var templates: [String: NginxTemplate] = [:]
        for (name, bytes) in texts {
            let text = String(decoding: bytes, as: UTF8.self)
            templates[name] = try NginxTemplate(name: name, text: text)
        }
        self.templates = templates
    }

    /// The text of `part` for `plan`.
    ///
    /// - Throws: ``NginxConfigurationError`` that names the value which nginx would misread.
    func render(_ part: Part, for plan: NginxPlan) throws -> String {
        let name: String
        let hasHTTPPart: Bool
        switch part {
        case .whole: (name, hasHTTPPart) = ("nginx.conf", true)
        case .server(let withHTTPPart): (name, hasHTTPPart) = ("server.conf", withHTTPPart)
        case .http: (name, hasHTTPPart) = ("http.conf", true)
        }
        guard let template = templates[name] else {
            throw NginxConfigurationError.template(name: name, problem: "it is missing")
        }
        return try template.render(plan.templateValues(hasHTTPPart: hasHTTPPart), parts: templates)
    }
}
