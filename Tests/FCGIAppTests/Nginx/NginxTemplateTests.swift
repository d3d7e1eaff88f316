import Testing

@testable import FCGIApp

@Suite struct NginxTemplateTests {
    private let word = NginxTemplate.Value.text(.literal("word"))

    private func render(
        _ text: String, _ values: [String: NginxTemplate.Value] = [:], parts: [String: String] = [:]
    ) throws -> String {
        var templates: [String: NginxTemplate] = [:]
        for (name, part) in parts {
            templates[name] = try NginxTemplate(name: name, text: part)
        }
        return try NginxTemplate(name: "t", text: text).render(values, parts: templates)
    }

    @Test func aValueStandsWhereItsNameStood() throws {
        #expect(try render("a {{x}};\n", ["x": word]) == "a word;\n")
    }

    @Test func bracesOfNginxAndJSONStayAsTheyAre() throws {
        #expect(try render("a { '{\"b\":{\"c\":\"{{x}}\"}}' }\n", ["x": word]) == "a { '{\"b\":{\"c\":\"word\"}}' }\n")
    }

    @Test func aSectionIsWrittenWhenItsFlagIsSetAndTheInvertedOneWhenNot() throws {
        let text = "{{#on}}yes{{/on}}{{^on}}no{{/on}}"

        #expect(try render(text, ["on": .flag(true)]) == "yes")
        #expect(try render(text, ["on": .flag(false)]) == "no")
        #expect(try render(text, ["on": .list([])]) == "no")
        #expect(try render(text, ["on": word]) == "yes")
    }

    @Test func aListIsWrittenOnceForEachElementAndSeesTheNamesOutside() throws {
        let list = NginxTemplate.Value.list([["n": .text(.literal("1"))], ["n": .text(.literal("2"))]])

        #expect(try render("{{#list}} {{n}}{{x}}{{/list}};", ["list": list, "x": word]) == " 1word 2word;")
    }

    @Test func tagsAloneOnALineLeaveNoLine() throws {
        let text = "a;\n    {{#on}}\n    b;\n    {{/on}}\nc;\n"

        #expect(try render(text, ["on": .flag(true)]) == "a;\n    b;\nc;\n")
        #expect(try render(text, ["on": .flag(false)]) == "a;\nc;\n")
    }

    @Test func aPartIsIndentedAsItsTag() throws {
        let parts = ["p": "{{x}};\n\nend;\n"]

        #expect(try render("{\n    {{>p}}\n}\n", ["x": word], parts: parts) == "{\n    word;\n\n    end;\n}\n")
    }

    @Test(arguments: ["{{x}}", "{{#x}}{{/x}}", "{{>x}}", "{{x", "{{#on}}", "{{/on}}", "{{#on}}{{/off}}"])
    func aFaultOfATemplateIsAnErrorAndNothingIsLeftOut(text: String) {
        #expect(throws: NginxConfigurationError.self) {
            _ = try render(text, ["on": .flag(true)])
        }
    }
}
