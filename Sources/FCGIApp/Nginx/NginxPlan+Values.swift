extension NginxPlan {
    /// All values of the templates, checked.
    ///
    /// - Parameter hasHTTPPart: Whether the log's format and the counters of the limits are there to be used.
    func templateValues(hasHTTPPart: Bool) throws -> [String: NginxTemplate.Value] {
        let base = try checkedBase()
        var values: [String: NginxTemplate.Value] = [
            "base": .text(base),
            "redirect_from": .flag(false),
            "rewrite": .flag(false),
            "base_pattern": .text(.pattern(ofURLPath: base)),
            "outside_base": .flag(base.text != "/"),
            "http_part": .flag(hasHTTPPart),
            "language": .text(try .name(language, named: "webui_language")),
            "lan": .flag(network == .lan),
            "max_body_bytes": .text(try .number(maxBodyBytes, named: "max_body_bytes")),
            "max_v1_body_bytes": .text(try .number(maxOpenAIBodyBytes, named: "max_v1_body_bytes")),
            "has_origins": .flag(!origins.isEmpty),
            "any_origin": .flag(origins.contains("*")),
            "origins": .list(
                try origins.filter { $0 != "*" }.map { ["origin": .text(try .origin($0, named: "cors_origins"))] }),
            "response_timeout": .text(try .number(responseTimeoutSeconds, named: "response timeout")),
            "errors": .list(try NginxErrorAnswer.all.map { try $0.templateValues() }),
        ]
        if base.text != "/" {
            let withoutSlash = try NginxValue.urlPath(String(base.text.dropLast()), named: "base path")
            values["redirect_from"] = .text(withoutSlash)
            values["rewrite"] = .text(.pattern(ofURLPath: withoutSlash))
        }
        values.merge(try pageValues(base: base)) { $1 }
        values.merge(try processValues()) { $1 }
        values.merge(try fileValues()) { $1 }
        values.merge(try workerValues(hasHTTPPart: hasHTTPPart)) { $1 }
        values.merge(try limitValues(hasHTTPPart: hasHTTPPart)) { $1 }
        return values
    }

    private func checkedBase() throws -> NginxValue {
        let base = try NginxValue.urlPath(basePath, named: "base path")
        guard base.text.hasSuffix("/") else {
            throw NginxConfigurationError.value(name: "base path", value: basePath, expected: "a path that ends with /")
        }
        return base
    }

    /// The pages by name, for the links between them, and their locations.
    private func pageValues(base: NginxValue) throws -> [String: NginxTemplate.Value] {
        let places = [
            ("page_chat", pages.chat), ("page_recall", pages.recall), ("page_access_token", pages.accessToken),
            ("page_add_user", pages.addUser), ("page_console", "/admin"), ("page_start", "/"),
        ]
        var values: [String: NginxTemplate.Value] = [:]
        // Each once: nginx does not start with two equal locations.
        var locations: Set<String> = []
        for (name, path) in places {
            let page = try NginxValue.urlPath(path, named: "page path")
            guard !Self.filePaths.contains(page.text) else {
                throw NginxConfigurationError.value(
                    name: "page path", value: path, expected: "a path that is not one of the static files")
            }
            let location = try NginxValue.urlPath(base.text + page.text.dropFirst(), named: "page path")
            values[name] = .text(location)
            locations.insert(location.text)
        }
        values["pages"] = .list(
            try locations.sorted().map { ["path": .text(try .urlPath($0, named: "page path"))] })
        return values
    }

    /// What only the whole configuration has: addresses, certificates, logs and temporary files.
    private func processValues() throws -> [String: NginxTemplate.Value] {
        var values: [String: NginxTemplate.Value] = [
            "listen": .text(try .listen(host: host, port: port)),
            "dual_stack": .flag(host == "::" || host == "[::]"),
            "server_name": .text(try serverName.map { try .name($0, named: "wan_url") } ?? .literal("_")),
            "user": try user.map { .text(try .name($0, named: "--user")) } ?? .flag(false),
            "open_files": .text(try .number(openFiles, named: "open files")),
            // A request holds two: the caller's connection and the one to the responder. Each has a descriptor;
            // logs and files that are sent need some more.
            "worker_connections": .text(try .number(min(32_768, openFiles - openFiles / 8), named: "open files")),
            "tls": .flag(tls != nil),
            "pid": .text(try .path(prefix, named: "--prefix", after: "/nginx.pid")),
            "error_log": .text(try .path(prefix, named: "--prefix", after: "/error.log")),
            "access_log": .text(try .path(prefix, named: "--prefix", after: "/access.log")),
            "client_body_temp": .text(try .path(prefix, named: "--prefix", after: "/client_body_temp")),
            "fastcgi_temp": .text(try .path(prefix, named: "--prefix", after: "/fastcgi_temp")),
            "proxy_temp": .text(try .path(prefix, named: "--prefix", after: "/proxy_temp")),
            "scgi_temp": .text(try .path(prefix, named: "--prefix", after: "/scgi_temp")),
            "uwsgi_temp": .text(try .path(prefix, named: "--prefix", after: "/uwsgi_temp")),
        ]
        if let tls {
            values["certificate"] = .text(try .path(tls.certificate, named: "tls.certificate"))
            values["certificate_key"] = .text(try .path(tls.certificateKey, named: "tls.certificate_key"))
        }
        return values
    }

    private static let filePaths: Set<String> = ["/favicon.ico", "/favicon.svg", "/robots.txt"]

    private func fileValues() throws -> [String: NginxTemplate.Value] {
        let path = { (file: StaticString) in try NginxValue.path(www, named: "--www", after: file) }
        return [
            "directories": .list([
                ["name": .text(.literal("assets")), "directory": .text(try path("/assets/"))],
                ["name": .text(.literal("locales")), "directory": .text(try path("/locales/"))],
            ]),
            "files": .list([
                [
                    "name": .text(.literal("favicon.ico")), "type": .text(.literal("image/svg+xml")),
                    "file": .text(try path("/favicon.svg")),
                ],
                [
                    "name": .text(.literal("favicon.svg")), "type": .text(.literal("image/svg+xml")),
                    "file": .text(try path("/favicon.svg")),
                ],
                [
                    "name": .text(.literal("robots.txt")), "type": .text(.literal("text/plain")),
                    "file": .text(try path("/robots.txt")),
                ],
            ]),
            "pages_directory": .text(try path("/pages/")),
            "error_page": .text(try path("/pages/error.html")),
            "has_libraries": .flag(!libraries.isEmpty),
            "libraries": .list(
                try libraries.map { directory in
                    ["library": .text(try .path(directory, named: "--lib-dir", after: "/$chatgpt_library"))]
                }),
        ]
    }

    /// Where the workers are: an upstream needs `http`, so without it they share a socket.
    private func workerValues(hasHTTPPart: Bool) throws -> [String: NginxTemplate.Value] {
        guard let workers, hasHTTPPart else {
            return [
                "kept": .flag(false), "workers": .list([]),
                "fastcgi_pass": .text(try .socket(socket, named: "--socket")),
            ]
        }
        return [
            "kept": .flag(true), "fastcgi_pass": .text(.literal("chatgpt_workers")),
            "zone_kib": .text(try .number(max(256, workers * 4), named: "--workers")),
            "workers": .list(
                try (0..<workers).map { ["worker": .text(try .socket("\(socket).\($0)", named: "--socket"))] }),
        ]
    }

    private func limitValues(hasHTTPPart: Bool) throws -> [String: NginxTemplate.Value] {
        guard let limits, hasHTTPPart else { return ["limits": .flag(false)] }
        return [
            "limits": .flag(true),
            "requests_per_second": .text(try .number(limits.requestsPerSecond, named: "requests per second")),
            "burst": .text(try .number(limits.burst, named: "burst")),
            "connections": .text(try .number(limits.connections, named: "connections")),
        ]
    }
}

extension NginxErrorAnswer {
    fileprivate func templateValues() throws -> [String: NginxTemplate.Value] {
        [
            "status": .text(try .number(status, named: "status")),
            "is_failure": .flag(status == 500),
            "answer": .text(try .number(answer, named: "status")),
            "code": .text(.literal(code)),
            "title": .text(.literal(title)),
            "message": .text(.literal(message)),
            "openai_type": .text(.literal(openAIType)),
            "retry_after": try retryAfterSeconds.map { .text(try .number($0, named: "retry after")) } ?? .flag(false),
        ]
    }
}
