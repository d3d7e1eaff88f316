// The dialog that adds a user and shows the key, this once.

import { UserForm } from "./userform.js";
import { el, newID } from "../dom.js";
import { showSecret } from "../secret.js";
import { t } from "../i18n.js";

/** Asks for a new user until the server takes it; true if one was added. */
export async function addUser({ isClient = false } = {}) {
    const added = await askFor(isClient);
    if (!added) return false;
    await showSecret({
        title: t("adduser.done", { name: added.username }), text: t("adduser.key_once"), secret: added.api_key,
    });
    return true;
}

function askFor(isClient) {
    const id = newID("dialog");
    const fields = new UserForm({ isClientOffered: false, isClient });
    const submit = el("button", { type: "submit" }, t("adduser.submit"));
    let added = null;
    const form = el("form", {
        async onsubmit(event) {
            event.preventDefault();
            submit.disabled = true;
            try {
                added = await fields.add();
                dialog.close();
            } catch {
                // The form says why and stays open, with everything in it.
            } finally {
                submit.disabled = false;
            }
        },
    },
        el("h2", { id }, t(isClient ? "adduser.client_title" : "adduser.title")),
        el("p", {}, t(isClient ? "adduser.client_lead" : "adduser.lead")),
        fields.elements,
        el("div", { class: "buttons" },
            el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("action.cancel")),
            submit));
    const dialog = el("dialog", { "aria-labelledby": id }, form);
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => {
            dialog.remove();
            resolve(added);
        });
    });
}
