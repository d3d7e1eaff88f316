// The page that adds a user and shows the key, this once.

import { KeyField } from "../console/keyfield.js";
import { UserForm } from "../console/userform.js";
import { el } from "../dom.js";
import { leaveIfUnauthorized, start } from "../frame.js";
import { me } from "../session.js";
import { pages } from "../urls.js";
import { showSecret } from "../secret.js";
import { t } from "../i18n.js";

start({ page: "addUser", keys: ["admin", "client"], isOpen: true, view: addUserPage });

function addUserPage(main, { query, prefilled }) {
    const key = new KeyField(t("adduser.key_hint"), prefilled);
    main.classList.add("narrow");
    if (me?.role === "user") {
        main.append(el("div", { class: "empty" },
            el("h1", {}, t("adduser.title")), el("p", {}, t("console.user_refused", { name: me.username })),
            key.element, el("a", { class: "button", href: pages.chat }, t("console.to_chat"))));
        return;
    }
    // Before somebody signs in nobody knows whether the key is an admin's.
    const fields = new UserForm({ isClientOffered: me?.role !== "client", query });
    const submit = el("button", { type: "submit" }, t("adduser.submit"));
    const done = el("p", { class: "outcome good", role: "status" });
    const form = el("form", {
        class: "card",
        async onsubmit(event) {
            event.preventDefault();
            submit.disabled = true;
            done.textContent = "";
            try {
                if (!await key.signIn()) return;
                const added = await fields.add();
                await showSecret({
                    title: t("adduser.done", { name: added.username }), text: t("adduser.key_once"),
                    secret: added.api_key,
                });
                done.textContent = t("adduser.done", { name: added.username });
                fields.clear();
            } catch (error) {
                // The form has said why.
                leaveIfUnauthorized(error);
            } finally {
                submit.disabled = false;
            }
        },
    },
        key.element, fields.elements, submit, done,
        el("p", { class: "quiet-text" }, el("a", { href: pages.console }, t("adduser.to_console"))));
    main.append(
        el("div", {}, el("h1", {}, t("adduser.title")), el("p", { class: "lead" }, t("adduser.lead"))), form);
}
