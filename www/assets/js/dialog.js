// Questions in a dialog of the browser's own, which keeps the focus inside and closes with Escape.

import { el, newID } from "./dom.js";
import { t } from "./i18n.js";

/**
 * Shows a dialog and gives the values of its fields, or null if it was left.
 *
 * @param fields Elements with a `name`; checkboxes give booleans, others text.
 */
export function ask({ title, text, fields = [], confirm, isGrave = false }) {
    const id = newID("dialog");
    const form = el("form", { method: "dialog" },
        el("h2", { id }, title),
        text && el("p", {}, text),
        fields,
        el("div", { class: "buttons" },
            el("button", { type: "button", class: "quiet", onclick: () => dialog.close("") }, t("action.cancel")),
            el("button", { type: "submit", value: "yes", class: isGrave ? "grave" : "" }, confirm)));
    const dialog = el("dialog", { "aria-labelledby": id }, form);
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => {
            const values = {};
            for (const field of form.elements) {
                if (field.name) values[field.name] = field.type === "checkbox" ? field.checked : field.value;
            }
            dialog.remove();
            resolve(dialog.returnValue === "yes" ? values : null);
        });
    });
}

/** A button that copies a text and says so. */
export function copyButton(text, label, members = {}) {
    const button = el("button", { type: "button", class: "quiet", ...members }, label);
    button.addEventListener("click", async () => {
        button.textContent = (await copy(text())) ? t("action.copied") : t("action.copy_failed");
        setTimeout(() => (button.textContent = label), 2000);
    });
    return button;
}

/** Copies `text`; false if the browser does not let us. */
export async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        // Plain HTTP on a network has no clipboard interface.
        const area = el("textarea", { value: text, class: "unseen", "aria-hidden": "true" });
        (document.querySelector("dialog[open]") ?? document.body).append(area);
        area.select();
        const isCopied = document.execCommand("copy");
        area.remove();
        return isCopied;
    }
}
