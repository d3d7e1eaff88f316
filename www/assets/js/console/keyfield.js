// The key on pages that can be filled in before anybody is signed in.

import { currentKey, me, signIn, signOut } from "../session.js";
import { el } from "../dom.js";
import { field } from "../field.js";
import { renewHeader } from "../frame.js";
import { errorMessage } from "../errors.js";
import { t } from "../i18n.js";

/** The field of a key, or who is signed in where the key of this tab is used. */
export class KeyField {
    #isAsked;
    #input = el("input", {
        type: "password", name: "key", required: true, autocomplete: "off", spellcheck: false,
    });
    #problem = el("p", { class: "problem", role: "alert", hidden: true });

    constructor(hint, prefilled) {
        // A key in the link is another wish than the key of this tab.
        this.#isAsked = !me || Boolean(prefilled && prefilled !== currentKey());
        this.#input.value = prefilled;
        this.element = el("div", {}, this.#isAsked
            ? [this.#problem, field(t("form.key"), this.#input, hint)] : this.#signedIn());
    }

    /** Whether somebody is signed in, or is so after trying; says why not. */
    async signIn() {
        if (!this.#isAsked) return true;
        this.#problem.hidden = true;
        this.#input.removeAttribute("aria-invalid");
        try {
            await signIn(this.#input.value.trim());
        } catch (error) {
            this.#fail(errorMessage(error));
            return false;
        }
        this.#isAsked = false;
        this.element.replaceChildren(this.#signedIn());
        renewHeader();
        return true;
    }

    #signedIn() {
        return el("p", { class: "signed-in" }, t("token.signed_in", { name: me.username }), " ",
            el("button", { type: "button", class: "link", onclick: forget }, t("token.other_key")));
    }

    #fail(text) {
        this.#problem.textContent = text;
        this.#problem.hidden = false;
        this.#input.setAttribute("aria-invalid", "true");
        this.#input.focus();
    }
}

function forget() {
    signOut();
    location.reload();
}
