// The key on pages that can be filled in before anybody is signed in.

import { currentKey, me, signIn, signOut } from "../session.js";
import { el } from "../dom.js";
import { field } from "../field.js";
import { sentence } from "../errors.js";
import { t } from "../i18n.js";

/** The field of a key, or who is signed in where the key of this tab is used. */
export class KeyField {
    #input = el("input", {
        type: "password", name: "key", required: true, autocomplete: "off", spellcheck: false,
    });
    #problem = el("p", { class: "problem", role: "alert", hidden: true });

    constructor(hint, prefilled) {
        const isOther = prefilled && prefilled !== currentKey();
        if (isOther) signOut();
        this.#input.value = prefilled;
        this.element = me
            ? el("p", { class: "signed-in" }, t("token.signed_in", { name: me.username }), " ",
                el("button", { type: "button", class: "link", onclick: () => this.#forget() }, t("token.other_key")))
            : el("div", {}, this.#problem, field(t("form.key"), this.#input, hint));
    }

    /** Whether somebody is signed in, or is so after trying; says why not. */
    async signIn() {
        if (me) return true;
        this.#problem.hidden = true;
        this.#input.removeAttribute("aria-invalid");
        try {
            await signIn(this.#input.value.trim());
            return true;
        } catch (error) {
            this.fail(sentence(error));
            return false;
        }
    }

    fail(text) {
        this.#problem.textContent = text;
        this.#problem.hidden = false;
        this.#input.setAttribute("aria-invalid", "true");
        this.#input.focus();
    }

    #forget() {
        signOut();
        location.reload();
    }
}
