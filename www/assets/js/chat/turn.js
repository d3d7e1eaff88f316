// One prompt and its reply.

import { afterReply, beforeReply } from "../beside.js";
import { copy } from "../dialog.js";
import { el, iconButton } from "../dom.js";
import { LiveMarkdown } from "./livemarkdown.js";
import { moment, t } from "../i18n.js";

export class Turn {
    #prompt;
    #send;
    #text = "";
    #source = null;
    #box = el("div", { class: "markdown" });
    #markdown = new LiveMarkdown(this.#box);
    #note = el("p", { class: "note", hidden: true });
    #raw = el("pre", { class: "raw", tabIndex: 0, hidden: true, "aria-label": t("turn.json") });
    #facts = el("span", { class: "when" });
    #buttons = el("div", { class: "turn-buttons", hidden: true });
    #bubble;

    /** @param actions `send` sends a prompt as a new turn. */
    constructor(prompt, { send }) {
        this.#prompt = prompt;
        this.#send = send;
        this.#bubble = el("section", { class: "prompt", "aria-label": t("recall.prompt") });
        this.#showPrompt();
        const json = iconButton("code", t("turn.json"), () => this.#toggleRaw(json), { "aria-pressed": "false" });
        const copying = iconButton("copy", t("turn.copy"), async () => {
            const label = (await copy(this.#text)) ? t("action.copied") : t("action.copy_failed");
            copying.title = label;
            copying.setAttribute("aria-label", label);
            copying.classList.add("is-done");
            setTimeout(() => {
                copying.title = t("turn.copy");
                copying.setAttribute("aria-label", t("turn.copy"));
                copying.classList.remove("is-done");
            }, 2000);
        });
        this.#buttons.append(copying, iconButton("again", t("turn.again"), () => send(prompt)), json, this.#facts);
        this.element = el("article", { class: "turn" }, this.#bubble,
            el("section", { class: "reply", "aria-label": t("recall.reply") }, this.#box, this.#raw, this.#note, this.#buttons));
    }

    get hasText() {
        return this.#text !== "";
    }

    /** Waits for the first piece. */
    begin() {
        this.element.classList.add("is-running");
        this.#box.append(el("p", { class: "waiting" }, el("span", { class: "unseen" }, t("chat.answering"))));
    }

    append(text) {
        this.replace(this.#text + text);
    }

    replace(text) {
        this.#text = text;
        this.#markdown.show(text);
    }

    /** @param done The data of the stream's last event. */
    async finish(done) {
        this.#end(done, [moment(new Date().toISOString()), done.message?.metadata?.model_slug]);
        this.#text = done.message?.content?.parts?.join("") || this.#text;
        this.#showBeside(done);
        await this.#markdown.finish(this.#text);
    }

    /** Shows a turn of the archive. */
    store(stored) {
        this.#text = stored.reply;
        this.#bubble.hidden = stored.prompt === "";
        this.#showBeside(stored);
        this.#end(stored, [moment(stored.started_at), stored.model]);
        if (stored.outcome !== "complete") this.#say(t(`recall.outcome_${stored.outcome}`));
        this.#markdown.finishWhenNear(stored.reply);
    }

    /** What stands beside the text of the reply. */
    #showBeside(turn) {
        this.#box.before(...beforeReply(turn));
        this.#box.after(...afterReply(turn));
    }

    /** Ends without the end of the reply. */
    break(text, isProblem = false) {
        this.#end({ prompt: this.#prompt, reply: this.#text, outcome: "interrupted" }, [moment(new Date().toISOString())]);
        this.#say(text, isProblem);
        this.#markdown.finish(this.#text);
    }

    #end(source, facts) {
        this.element.classList.remove("is-running");
        this.#source = source;
        this.#facts.textContent = facts.filter(Boolean).join(" · ");
        this.#buttons.hidden = false;
    }

    #say(text, isProblem = false) {
        this.#note.replaceChildren(text, isProblem ? " " : "",
            isProblem ? el("button", { type: "button", class: "link", onclick: () => this.#send(this.#prompt) }, t("turn.retry")) : "");
        this.#note.classList.toggle("is-problem", isProblem);
        this.#note.hidden = false;
    }

    #toggleRaw(button) {
        const isShown = this.#raw.hidden;
        if (isShown) this.#raw.textContent = JSON.stringify(this.#source, null, 2);
        this.#raw.hidden = !isShown;
        this.#box.hidden = isShown;
        button.setAttribute("aria-pressed", String(isShown));
    }

    #showPrompt() {
        this.#bubble.replaceChildren(
            el("p", { class: "plain" }, this.#prompt), iconButton("edit", t("turn.edit"), () => this.#edit()));
    }

    /** The prompt as a field; sending makes a new turn, for what was said stays said. */
    #edit() {
        const input = el("textarea", { rows: 3, value: this.#prompt, "aria-label": t("turn.edit") });
        const leave = () => {
            this.#showPrompt();
            this.#bubble.querySelector("button").focus();
        };
        input.addEventListener("keydown", (event) => {
            if (event.key === "Escape") leave();
        });
        this.#bubble.replaceChildren(el("form", {
            onsubmit: (event) => {
                event.preventDefault();
                if (!input.value.trim()) return;
                this.#showPrompt();
                this.#send(input.value);
            },
        }, input, el("div", { class: "buttons" },
            el("button", { type: "submit" }, t("turn.send_edited")),
            el("button", { type: "button", class: "quiet", onclick: leave }, t("action.cancel")))));
        input.focus();
    }
}
