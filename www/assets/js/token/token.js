// The page that trades e-mail and password of a ChatGPT account for its access token.

import { KeyField } from "../console/keyfield.js";
import { el } from "../dom.js";
import { endpoint } from "../session.js";
import { field } from "../field.js";
import { leaveIfUnauthorized, start } from "../frame.js";
import { post } from "../api.js";
import { tokenFound } from "./found.js";
import { tokenErrorMessage } from "./errormessage.js";
import { t } from "../i18n.js";

start({
    page: "accessToken", keys: ["user", "client", "admin"], isOpen: true,
    view: (main, given) => new TokenPage(main, given),
});

class TokenPage {
    #email = el("input", { type: "email", name: "email", required: true, autocomplete: "off", spellcheck: false });
    #password = el("input", { type: "password", name: "password", required: true, autocomplete: "off" });
    #code = el("input", {
        name: "mfa_code", autocomplete: "one-time-code", inputMode: "numeric", spellcheck: false, maxLength: 16,
    });
    #problem = el("div", { class: "problem", role: "alert", hidden: true });
    #submit = el("button", { type: "submit" }, t("token.submit"));
    #result = el("div", { class: "token-result", role: "status" });
    #key;

    constructor(main, { query, prefilled }) {
        this.#key = new KeyField(t("token.key_hint"), prefilled);
        this.#email.value = query.get("email") ?? "";
        const form = el("form", { class: "card", onsubmit: (event) => this.#send(event) },
            this.#key.element,
            field(t("token.email"), this.#email), field(t("token.password"), this.#password),
            field(t("token.code"), this.#code, t("token.code_hint")),
            this.#problem, this.#submit);
        main.classList.add("narrow");
        main.append(
            el("div", {}, el("h1", {}, t("token.title")), el("p", { class: "lead" }, t("token.lead"))), form, this.#result);
    }

    async #send(event) {
        event.preventDefault();
        this.#submit.disabled = true;
        this.#problem.hidden = true;
        this.#result.replaceChildren();
        for (const control of [this.#email, this.#password, this.#code]) control.removeAttribute("aria-invalid");
        try {
            if (!await this.#key.signIn()) return;
            const code = this.#code.value.trim();
            const found = await post(endpoint("access_token"), {
                email: this.#email.value.trim(), password: this.#password.value, ...(code ? { mfa_code: code } : {}),
            });
            this.#show(found);
        } catch (error) {
            if (!leaveIfUnauthorized(error)) this.#fail(error);
        } finally {
            this.#submit.disabled = false;
        }
    }

    #show({ access_token: token, expires_at: expiry }) {
        // A one-time code is good once, and nobody else should find the password here.
        this.#password.value = "";
        this.#code.value = "";
        this.#result.append(tokenFound(token, expiry));
        this.#result.querySelector("h2").focus();
    }

    #fail(error) {
        this.#problem.textContent = tokenErrorMessage(error);
        this.#problem.hidden = false;
        const control = {
            wrong_email_or_password: this.#password, mfa_required: this.#code, wrong_mfa_code: this.#code,
        }[error.code];
        control?.setAttribute("aria-invalid", "true");
        // What was typed stays, but for a code that was refused.
        if (error.code === "wrong_mfa_code") control.value = "";
        control?.focus();
    }
}
