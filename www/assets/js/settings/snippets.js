// Lines to copy for those who call the server from a program.

import { copyButton } from "../dialog.js";
import { el, newID } from "../dom.js";
import { t } from "../i18n.js";
import { url } from "../urls.js";

export function snippets() {
    const id = newID("snippets");
    const base = new URL(url("v1"), location.href).href;
    return el("section", { class: "card", "aria-labelledby": id },
        el("h2", { id }, t("snippets.title")), el("p", { class: "lead" }, t("snippets.lead")),
        snippet(t("snippets.base"), base),
        snippet("curl", [
            `curl -N ${base}/chat/completions \\`, "  -H \"Authorization: Bearer $KEY\" \\",
            "  -H \"Content-Type: application/json\" \\",
            "  -d '{\"stream\": true, \"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}'",
        ].join("\n")),
        snippet("Python", [
            "from openai import OpenAI", "", `client = OpenAI(base_url="${base}", api_key=KEY)`,
            "model = client.models.list().data[0].id",
            "answer = client.chat.completions.create(model=model, messages=[{\"role\": \"user\", \"content\": \"Hello\"}])",
            "print(answer.choices[0].message.content)",
        ].join("\n")),
        snippet("JavaScript", [
            "import OpenAI from \"openai\";", "", `const client = new OpenAI({ baseURL: "${base}", apiKey: KEY });`,
            "const models = await client.models.list();",
            "const answer = await client.chat.completions.create({",
            "    model: models.data[0].id, messages: [{ role: \"user\", content: \"Hello\" }],", "});",
            "console.log(answer.choices[0].message.content);",
        ].join("\n")));
}

function snippet(name, text) {
    return el("div", { class: "snippet" },
        el("div", { class: "snippet-head" }, el("h3", {}, name),
            copyButton(() => text, t("action.copy"), { "aria-label": t("snippets.copy", { name }) })),
        el("pre", { tabIndex: 0 }, el("code", {}, text)));
}
