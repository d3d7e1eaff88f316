import Testing

@testable import FCGIApp

@Suite struct NginxConfigurationTests {
    private func render(
        _ part: NginxConfiguration.Part = .whole, _ change: (inout NginxPlan) -> Void = { _ in }
    ) throws -> String {
        var plan = NginxPlan.example
        change(&plan)
        return try NginxConfiguration().render(part, for: plan)
    }

    @Test func theWholeConfigurationPutsAllFilesUnderThePrefixAndHasNoDaemonLine() throws {
        let text = try render()

        #expect(text.contains("pid \"/var/lib/gateway nginx/nginx.pid\";"))
        #expect(text.contains("client_body_temp_path \"/var/lib/gateway nginx/client_body_temp\";"))
        #expect(text.contains("fastcgi_pass \"unix:/run/gateway/socket\";"))
        #expect(!text.contains("daemon"))
        #expect(!text.contains("{{"))
        #expect(!text.contains("\nuser "))
    }

    @Test func connectionsAreKeptToTheSocketOfEachWorker() throws {
        let text = try render(.whole) { $0.workers = 3 }

        #expect(text.contains("fastcgi_pass chatgpt_workers;"))
        #expect(text.contains("fastcgi_keep_conn on;"))
        #expect(text.contains("zone chatgpt_workers 256k;"))
        for number in 0..<3 {
            #expect(text.contains("server \"unix:/run/gateway/socket.\(number)\" max_fails=0;"))
        }
        #expect(!text.contains("socket.3"))
    }

    @Test func withoutANumberOfWorkersOrAnUpstreamTheSharedSocketIsUsed() throws {
        let texts = try [render(), render(.server(withHTTPPart: false)) { $0.workers = 3 }]

        for text in texts {
            #expect(text.contains("fastcgi_pass \"unix:/run/gateway/socket\";"))
            #expect(text.contains("fastcgi_keep_conn off;"))
            #expect(!text.contains("upstream chatgpt_workers"))
        }
    }

    @Test func theUserIsWrittenOnlyWhenThereIsOne() throws {
        #expect(try render(.whole) { $0.user = "www-data" }.contains("\nuser www-data;\n"))
    }

    @Test func tlsBringsItsProtocolsHTTP2AndStrictTransportSecurity() throws {
        let text = try render(.whole) {
            $0.tls = .init(certificate: "/etc/c.pem", certificateKey: "/etc/k.pem")
            $0.port = 443
        }

        #expect(text.contains("listen 127.0.0.1:443 ssl http2 backlog=4096;"))
        #expect(text.contains("ssl_protocols TLSv1.2 TLSv1.3;"))
        #expect(text.contains("ssl_certificate_key \"/etc/k.pem\";"))
        #expect(text.contains("Strict-Transport-Security"))
    }

    @Test func withoutTLSNothingIsSaidAboutIt() throws {
        let text = try render().replacing("Strict-Transport-Security;", with: "")

        #expect(!text.contains("ssl"))
        #expect(!text.contains("Strict-Transport-Security"))
    }

    @Test func aBasePathIsTakenOffBeforeTheResponderAndItsDotsArePlain() throws {
        let text = try render(.whole) { $0.basePath = "/chat.gpt/" }

        #expect(text.contains("rewrite \"(?s)^/chat\\.gpt(/.*)\\z\" $1 break;"))
        #expect(text.contains("return 308 /chat.gpt/$is_args$args;"))
        #expect(text.contains("location = /chat.gpt/admin/add-user {"))
        #expect(text.contains("location ^~ /chat.gpt/assets/ {"))
    }

    @Test func withoutABasePathNothingIsRewritten() throws {
        let text = try render()

        #expect(!text.contains("rewrite "))
        #expect(!text.contains("308"))
    }

    @Test func onlyTheLanRefusesPublicAddresses() throws {
        #expect(try render(.whole) { $0.network = .lan }.contains("deny all;"))
        #expect(try !render(.whole) { $0.network = .wan }.contains("deny all;"))
    }

    @Test func limitsCanBeChangedAndSwitchedOff() throws {
        #expect(try render(.whole) { $0.limits?.requestsPerSecond = 7 }.contains("rate=7r/s"))
        #expect(try !render(.whole) { $0.limits = nil }.contains("limit_req"))
    }

    @Test func aSnippetHasOnlyWhatMayStandInAServer() throws {
        let text = try render(.server(withHTTPPart: false))

        #expect(text.contains("access_log off;"))
        #expect(!text.contains("limit_req"))
        #expect(!text.contains("listen "))
        #expect(!text.contains("log_format"))
        #expect(try render(.server(withHTTPPart: true)).contains("access.log\" chatgpt buffer=64k flush=1s;"))
        #expect(try render(.http).contains("log_format chatgpt"))
    }

    @Test func noLogNamesWhatCanHoldAKey() throws {
        let text = try render(.http)
        let log = try #require(text.split(separator: "log_format").last?.prefix { $0 != ";" })

        for variable in ["$request ", "$request\"", "$request_uri", "$args", "$query_string", "$uri", "$http_"] {
            #expect(!log.contains(variable), "\(variable) is logged")
        }
    }

    @Test func pagesWithTheSamePathGiveOneLocation() throws {
        let text = try render(.whole) { $0.pages.recall = $0.pages.chat }

        #expect(text.split(separator: "location = /chat {").count == 2)
    }

    @Test(arguments: ["/favicon.ico", "/a b", "/a{b", "chat"])
    func aPageAtAnImpossiblePathIsRefused(path: String) {
        #expect(throws: NginxConfigurationError.self) {
            _ = try render(.whole) { $0.pages.chat = path }
        }
    }

    @Test(arguments: ["/x", "x/", "/a//", "/$x/", ""])
    func aBasePathWithoutSlashesOrWithOtherSignsIsRefused(path: String) {
        #expect(throws: NginxConfigurationError.self) {
            _ = try render(.whole) { $0.basePath = path }
        }
    }

    @Test func everyErrorOfNginxHasItsThreeShapes() throws {
        let text = try render()

        for error in NginxErrorAnswer.all {
            for shape in ["api", "openai", "page"] {
                #expect(text.contains("location = /_errors/\(shape)/\(error.status) {"))
            }
        }
    }
}
