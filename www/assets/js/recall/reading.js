// One conversation to be read, exported or removed.

import { afterReply, beforeReply } from "../beside.js";
import { copyButton } from "../dialog.js";
import { el } from "../dom.js";
import { me } from "../session.js";
import { moment, plural, t } from "../i18n.js";
import { pages } from "../urls.js";
import { plain, show } from "../markdown.js";

/**
 * @param conversation The server's JSON export.
 * @param actions `{markdown, json, remove, close}`: what the buttons do.
 */
export function reading(conversation, actions) {
    const id = conversation.conversation_id;
    const title = conversation.title || t("recall.untitled");
    const source = JSON.stringify(conversation, null, 2);
    const turns = el("div", { class: "turns" });
    const raw = el("div", { class: "raw", hidden: true });
    const view = el("button", {
        type: "button", class: "quiet", "aria-pressed": "false",
        onclick() {
            const isRaw = raw.hidden;
            raw.hidden = !isRaw;
            turns.hidden = isRaw;
            view.setAttribute("aria-pressed", String(isRaw));
            if (isRaw && !raw.hasChildNodes()) raw.append(copyButton(() => source, t("action.copy")),
                el("pre", { tabIndex: 0, "aria-label": t("recall.json") }, el("code", {}, source)));
        },
    }, t("recall.json"));
    const button = (label, run, kind = "quiet") => el("button", { type: "button", class: kind, onclick: run }, label);
    turns.append(
        conversation.system ? el("details", { class: "system" },
            el("summary", {}, t("recall.system")), plain(conversation.system)) : "",
        ...conversation.turns.flatMap(turn));
    return el("article", { class: "reading" },
        el("header", {},
            el("button", { type: "button", class: "quiet back", onclick: actions.close }, t("recall.back")),
            el("h2", { tabIndex: -1, dir: "auto" }, title),
            el("p", { class: "quiet-text" }, [
                moment(conversation.created_at), plural("recall.messages", conversation.turns.length),
            ].join(" · ")),
            el("div", { class: "buttons" },
                // An admin's key cannot chat.
                me.role !== "admin" && el("a", {
                    class: "button", href: `${pages.chat}#c=${encodeURIComponent(id)}`,
                }, t("recall.continue")),
                view,
                button(t("recall.export_markdown"), actions.markdown),
                button(t("recall.export_json"), actions.json),
                button(t("recall.remove"), actions.remove, "quiet grave"))),
        turns, raw);
}

function turn(turn) {
    const reply = el("div", { class: "markdown" }, plain(turn.reply));
    renderWhenNear(reply, turn.reply);
    const facts = [moment(turn.started_at), turn.model].filter(Boolean).join(" · ");
    return [
        turn.prompt && el("div", { class: "prompt", role: "group", "aria-label": t("recall.prompt") }, plain(turn.prompt)),
        el("div", { class: "reply", role: "group", "aria-label": t("recall.reply") },
            ...beforeReply(turn),
            reply,
            ...afterReply(turn),
            turn.outcome !== "complete" && el("p", { class: "badge warm" }, t(`recall.outcome_${turn.outcome}`)),
            el("p", { class: "when" }, facts)),
    ].filter(Boolean);
}

/** Long conversations are rendered as they are read. */
function renderWhenNear(box, text) {
    const watch = new IntersectionObserver(([entry]) => {
        if (!entry.isIntersecting) return;
        watch.disconnect();
        show(box, text);
    }, { rootMargin: "600px" });
    watch.observe(box);
}
