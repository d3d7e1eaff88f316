// The dialog that shows a key, this once.

import { copy } from "./dialog.js";
import { el, newID } from "./dom.js";
import { qrCode } from "./qr.js";
import { t } from "./i18n.js";

/**
 * Shows a secret until it was copied, printed, or given up in so many words.
 *
 * Escape and clicks beside the dialog do not close it before: the secret exists nowhere else.
 */
export function showSecret({ title, text, secret }) {
    const id = newID("dialog");
    let isKept = false;
    let isWarned = false;
    const warning = el("p", { class: "problem", role: "alert", hidden: true });
    const done = el("button", { type: "button", onclick: () => leave() }, t("action.done"));
    const copying = el("button", {
        type: "button", class: "quiet",
        async onclick() {
            const isCopied = await copy(secret);
            copying.textContent = t(isCopied ? "action.copied" : "action.copy_failed");
            if (isCopied) keep();
        },
    }, t("action.copy"));
    const showing = el("button", {
        type: "button", class: "quiet",
        async onclick() {
            showing.disabled = true;
            const drawing = await qrCode(secret, t("key.qr"));
            if (drawing) showing.closest(".buttons").before(drawing);
            showing.hidden = true;
        },
    }, t("key.qr_show"));
    const dialog = el("dialog", { class: "once", "aria-labelledby": id, closedby: "none" },
        el("h2", { id }, title), el("p", {}, text), el("code", { class: "secret", tabIndex: 0 }, secret), warning,
        el("div", { class: "buttons" },
            copying,
            el("button", { type: "button", class: "quiet", onclick: printed }, t("action.print")),
            showing, done));

    function keep() {
        isKept = true;
        warning.hidden = true;
        done.textContent = t("action.done");
        done.classList.remove("grave");
    }
    function printed() {
        print();
        keep();
    }
    /** Closes what was kept; asks once where it was not. */
    function leave() {
        if (isKept || isWarned) return dialog.close("done");
        isWarned = true;
        warning.textContent = t("key.not_copied");
        warning.hidden = false;
        done.textContent = t("action.close_uncopied");
        done.classList.add("grave");
    }
    function escape(event) {
        event.preventDefault();
        // It asks, but only the button answers: a key that is held down must not close it.
        if (isKept) dialog.close("done");
        else if (!isWarned) leave();
    }

    dialog.addEventListener("keydown", (event) => {
        if (event.key === "Escape") escape(event);
    });
    dialog.addEventListener("cancel", escape);
    // Copied by hand: all of it was selected.
    dialog.addEventListener("copy", () => {
        if (getSelection().toString().trim() === secret) keep();
    });
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener("close", () => {
            // A browser may close it all the same.
            if (dialog.returnValue !== "done") return dialog.showModal();
            dialog.remove();
            resolve();
        });
    });
}
