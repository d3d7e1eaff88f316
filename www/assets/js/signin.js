// The card with which a person signs in by pasting a key.

import { el } from "./dom.js";
import { field } from "./field.js";
import { languagePicker } from "./languagepicker.js";
import { errorMessage } from "./errors.js";
import { signIn } from "./session.js";
import { t } from "./i18n.js";

/** The view; `done` is called once somebody is signed in. */
export function signInView({ prefilled = "", message = "", done }) {
    const input = el("input", {
        type: "password", name: "key", required: true, autocomplete: "off", spellcheck: false, value: prefilled,
    });
    const problem = el("p", { class: "problem", role: "alert", hidden: !message }, message);
    const submit = el("button", { type: "submit" }, t("signin.submit"));
    const form = el("form", {
        class: "card",
        async onsubmit(event) {
            event.preventDefault();
            submit.disabled = true;
            problem.hidden = true;
            try {
                await signIn(input.value.trim());
                done();
            } catch (error) {
                problem.textContent = errorMessage(error);
                problem.hidden = false;
                input.setAttribute("aria-invalid", "true");
                input.focus();
            } finally {
                submit.disabled = false;
            }
        },
    },
        el("h1", {}, t("signin.title")),
        el("p", { class: "lead" }, t("signin.lead")),
        problem,
        field(t("form.key"), input, t("signin.hint")),
        submit);
    const view = el("main", { id: "main", class: "signin" }, form, languagePicker());
    queueMicrotask(() => input.focus());
    return view;
}
