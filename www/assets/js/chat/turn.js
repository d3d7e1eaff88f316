// One prompt and its reply.

import { afterReply, beforeReply } from "../beside.js";
import { copy } from "../dialog.js";
import { el, iconButton } from "../dom.js";
import { LiveMarkdown } from "./livemarkdown.js";
import { moment, t } from "../i18n.js";

/** Between two paintings of what has come, in milliseconds; longer where one takes long. */
const PAINTING = 40;

export class Turn {
    #prompt;
    #actions;
    #text = "";
    #source = null;
    #box = el("div", { class: "markdown" });
    #markdown = new LiveMarkdown(this.#box);
    #painting = 0;
    #painted = 0;
    #cost = 0;
    #note = el("p", { class: "note", hidden: true });
    #raw = el("pre", { class: "raw", tabIndex: 0, hidden: true, "aria-label": t("turn.json") });
    #facts = el("span", { class: "when" });
    #buttons = el("div", { class: "turn-buttons", hidden: true });
    #bubble;

    /**
     * @param actions `send` sends a prompt as a new turn, `retry` this one once more; `near` calls back once an element
     * comes into sight.
     */
    constructor(prompt, actions) {
        this.#prompt = prompt;
        this.#actions = actions;
        this.#bubble = el("div", { class: "prompt", role: "group", "aria-label": t("recall.prompt") });
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
        this.#buttons.append(copying, iconButton("again", t("turn.again"), () => actions.send(prompt)), json, this.#facts);
        this.element = el("article", { class: "turn" }, this.#bubble,
            el("div", { class: "reply", role: "group", "aria-label": t("recall.reply") }, this.#box, this.#raw, this.#note, this.#buttons));
    }

    get prompt() {
        return this.#prompt;
    }

    get hasText() {
        return this.#text !== "";
    }

    /** Waits for the first piece, also once more. */
    begin() {
        this.element.classList.add("is-running");
        this.#note.hidden = true;
        this.#box.replaceChildren(el("p", { class: "waiting" }, el("span", { class: "unseen" }, t("chat.answering"))));
    }

    /** Says why nothing comes yet; `actions` are `{label, run}`. */
    wait(text, actions) {
        this.#box.replaceChildren();
        if (this.#note.hidden || !this.#note.firstChild) {
            const said = el("span", {}, text);
            this.#note.replaceChildren(said, ...actions.flatMap(({ label, run }) => [" ", linkButton(label, run)]));
            this.#note.classList.remove("is-problem");
            this.#note.hidden = false;
        } else {
            // The buttons stay, and the focus on them.
            this.#note.firstChild.textContent = text;
        }
    }

    append(text) {
        this.replace(this.#text + text);
    }

    replace(text) {
        this.#text = text;
        if (this.#painting) return;
        const pause = Math.max(PAINTING, 2 * this.#cost) - (performance.now() - this.#painted);
        this.#painting = setTimeout(() => this.#paint(), Math.max(0, pause));
    }

    #paint() {
        this.#painting = 0;
        this.#painted = performance.now();
        this.#markdown.show(this.#text);
        // Layout comes later, so its time is taken in the frame after.
        requestAnimationFrame(() => setTimeout(() => (this.#cost = performance.now() - this.#painted)));
    }

    /** @param done The data of the stream's last event. */
    finish(done) {
        this.#end(done, [moment(new Date().toISOString()), done.message?.metadata?.model_slug]);
        this.#text = done.message?.content?.parts?.join("") || this.#text;
        this.#showBeside(done);
        this.#markdown.finish(this.#text);
    }

    /** Shows a turn of the archive. */
    store(stored) {
        this.#text = stored.reply;
        this.#bubble.hidden = stored.prompt === "";
        this.#showBeside(stored);
        this.#end(stored, [moment(stored.started_at), stored.model]);
        if (stored.outcome !== "complete") this.#say(t(`recall.outcome_${stored.outcome}`));
        this.#markdown.finishWhenNear(stored.reply, (run) => this.#actions.near(this.element, run));
    }

    /** What stands beside the text of the reply. */
    #showBeside(turn) {
        this.#box.before(...beforeReply(turn));
        this.#box.after(...afterReply(turn));
    }

    /** Ends without the end of the reply. */
    break(text, isProblem = false) {
        this.#end({ prompt: this.#prompt, reply: this.#text, outcome: "interrupted" }, [moment(new Date().toISOString())]);
        this.#say(text, isProblem, isProblem || !this.hasText);
        // Of what nothing came there is nothing to copy.
        this.#buttons.hidden = !this.hasText;
        if (this.hasText) this.#markdown.finish(this.#text);
        else this.#box.replaceChildren();
    }

    #end(source, facts) {
        clearTimeout(this.#painting);
        this.#painting = 0;
        this.element.classList.remove("is-running");
        this.#source = source;
        this.#facts.textContent = facts.filter(Boolean).join(" · ");
        this.#buttons.hidden = false;
    }

    #say(text, isProblem = false, isRetryOffered = false) {
        const retry = linkButton(t("turn.retry"), () => {
            // What came is kept as a turn of its own; it is not offered twice.
            if (this.hasText) retry.remove();
            this.#actions.retry(this);
        });
        this.#note.replaceChildren(text, ...isRetryOffered ? [" ", retry] : []);
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
            el("p", { class: "plain", dir: "auto" }, this.#prompt), iconButton("edit", t("turn.edit"), () => this.#edit()));
    }

    /** The prompt as a field; sending makes a new turn, for what was said stays said. */
    #edit() {
        const input = el("textarea", { rows: 3, dir: "auto", value: this.#prompt, "aria-label": t("turn.edit") });
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
                this.#actions.send(input.value);
            },
        }, input, el("div", { class: "buttons" },
            el("button", { type: "submit" }, t("turn.send_edited")),
            el("button", { type: "button", class: "quiet", onclick: leave }, t("action.cancel")))));
        input.focus();
    }
}

function linkButton(label, onclick) {
    return el("button", { type: "button", class: "link", onclick }, label);
}
