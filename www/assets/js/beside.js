// What a turn has beside the texts of prompt and reply. All of it is text, none of it is parsed.

import { el } from "./dom.js";
import { t } from "./i18n.js";

/** What came before the reply: that a client sent the turn along, results of tools, other parts of the prompt. */
export function beforeReply(turn) {
    return [
        turn.given && el("p", { class: "beside-note" }, t("beside.given")),
        ...(turn.tool_results ?? []).map((result) =>
            code(t("beside.tool_result", { name: result.tool_call_id ?? result.name ?? "" }), words(result.content))),
        ...(turn.prompt_parts ?? []).filter((part) => part?.type !== "text").map((part) => el("p", { class: "beside-note" }, named(part))),
        thoughts(turn),
    ].filter(Boolean);
}

/** What came with the reply: a refusal, calls of tools, other choices. */
export function afterReply(turn) {
    return [
        turn.refusal && el("p", { class: "plain beside-refusal", dir: "auto" }, el("strong", {}, t("beside.refusal")), " ", turn.refusal),
        ...(turn.tool_calls ?? []).map((call) => {
            const tool = call?.function ?? call?.custom ?? {};
            return code(t("beside.tool_call", { name: tool.name ?? "" }), words(tool.arguments ?? tool.input));
        }),
        ...(turn.choices ?? []).map((choice) => el("details", { class: "beside" },
            el("summary", {}, t("beside.choice", { number: (choice.index ?? 0) + 1 })),
            thoughts(choice), el("p", { class: "plain", dir: "auto" }, choice.reply ?? ""), ...afterReply(choice))),
    ].filter(Boolean);
}

function thoughts(turn) {
    return turn.reasoning && el("details", { class: "beside" },
        el("summary", {}, t("beside.reasoning")), el("p", { class: "plain", dir: "auto" }, turn.reasoning));
}

function code(title, text) {
    return el("div", { class: "beside" }, el("p", { class: "beside-note" }, title),
        el("pre", { tabIndex: 0, "aria-label": title }, el("code", {}, text)));
}

/** A content as text: a string, parts, or whatever else a client sent. */
function words(content) {
    if (typeof content === "string") return content;
    if (Array.isArray(content)) return content.map((part) => part?.text ?? named(part)).join("\n");
    return content === undefined || content === null ? "" : JSON.stringify(content);
}

/** A part that is not text, by its kind and what is known of it. */
function named(part) {
    const url = part?.image_url?.url ?? part?.image_url;
    const omitted = url?.omitted ?? part?.input_audio?.data?.omitted ?? part?.file?.file_data?.omitted;
    const facts = omitted ? [omitted.media_type, omitted.bytes && `${omitted.bytes} B`]
        : [typeof url === "string" && !url.startsWith("data:") && url];
    return `[${[part?.type ?? "?", ...facts].filter(Boolean).join(", ")}]`;
}
