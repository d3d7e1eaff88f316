// The field for the next message.

import { el, iconButton } from "../dom.js";
import { keep, recall } from "../storage.js";
import { t } from "../i18n.js";

const TALLEST = 240;

export class Composer {
    #send;
    #input = el("textarea", {
        rows: 1, name: "prompt", dir: "auto", "aria-label": t("composer.label"), placeholder: t("composer.label"), enterKeyHint: "send",
    });
    #button;
    #stop;
    #options = el("div");
    #isBusy = false;
    #isReady = true;

    /** @param send Is called with a text; @param stop while an answer comes. */
    constructor({ send, stop }) {
        this.#send = send;
        this.#button = iconButton("send", t("composer.send"), () => this.#submit(), { class: "icon-button send" });
        this.#stop = iconButton("stop", t("composer.stop"), stop, { class: "icon-button send", hidden: true });
        this.#input.addEventListener("input", () => this.#fit());
        this.#input.addEventListener("keydown", (event) => this.#key(event, stop));
        addEventListener("pagehide", () => this.keep(this.#of));
        this.element = el("div", { class: "composer" },
            el("form", { onsubmit: (event) => event.preventDefault() },
                el("div", { class: "composer-row" }, this.#input, this.#button, this.#stop), this.#options));
        this.#fit();
    }

    set options(options) {
        this.#options.replaceWith(options.element);
        this.#options = options.element;
    }

    get text() {
        return this.#input.value;
    }

    set text(text) {
        this.#input.value = text;
        this.#fit();
    }

    set isBusy(isBusy) {
        this.#isBusy = isBusy;
        this.#button.hidden = isBusy;
        this.#stop.hidden = !isBusy;
        this.#fit();
    }

    set isReady(isReady) {
        this.#isReady = isReady;
        this.#input.disabled = !isReady;
        this.#fit();
    }

    focus() {
        // On a phone the keyboard would cover what is to be read.
        if (!matchMedia("(pointer: coarse)").matches) this.#input.focus();
    }

    #of = null;
    /** A message that could not be sent, kept while nothing else stands in the field. */
    unsent = "";

    /** Keeps the draft of a conversation for this tab: what stands in the field, or `text`. */
    keep(id, text = this.#input.value || this.unsent) {
        keep("tab", `draft.${id ?? "new"}`, text);
    }

    /** Shows the draft of a conversation. */
    restore(id) {
        this.#of = id;
        this.unsent = "";
        const draft = recall("tab", `draft.${id ?? "new"}`) ?? "";
        if (draft || id) this.text = draft;
    }

    #submit() {
        const text = this.#input.value;
        if (this.#isBusy || !this.#isReady || !text.trim()) return;
        this.text = "";
        this.unsent = "";
        this.keep(this.#of);
        this.#send(text);
    }

    #key(event, stop) {
        // While an input method composes, Enter takes its suggestion.
        if (event.isComposing || event.keyCode === 229) return;
        if (event.key === "Escape" && this.#isBusy) stop();
        if (event.key !== "Enter" || event.shiftKey || matchMedia("(pointer: coarse)").matches) return;
        event.preventDefault();
        this.#submit();
    }

    #fit() {
        this.#button.disabled = !this.#input.value.trim() || !this.#isReady;
        this.#input.style.height = "auto";
        this.#input.style.height = `${Math.min(this.#input.scrollHeight + 2, TALLEST)}px`;
    }
}
