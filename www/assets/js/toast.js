// Short messages at the foot of the page, with one action at most.

import { el } from "./dom.js";

const SECONDS = 6;

/**
 * Shows `text`, and `action` (`{label, run}`) as a button, for some seconds; `after` runs unless the action did.
 *
 * The clock stands still while the pointer or the focus is on it.
 */
export function toast(text, { action, after = () => {} } = {}) {
    const tray = document.getElementById("toasts");
    let timer = 0;
    const finish = (isActed) => {
        if (!box.isConnected) return;
        clearTimeout(timer);
        removeEventListener("pagehide", leave);
        box.remove();
        if (isActed) action.run();
        else after();
    };
    // What was promised is done even if the page is left before its time.
    const leave = () => finish(false);
    const start = () => (timer = setTimeout(() => finish(false), SECONDS * 1000));
    const box = el("div", { class: "toast" }, el("span", {}, text),
        action && el("button", { type: "button", class: "quiet", onclick: () => finish(true) }, action.label));
    for (const name of ["pointerenter", "focusin"]) box.addEventListener(name, () => clearTimeout(timer));
    for (const name of ["pointerleave", "focusout"]) {
        box.addEventListener(name, () => {
            clearTimeout(timer);
            start();
        });
    }
    addEventListener("pagehide", leave);
    tray.append(box);
    start();
}
