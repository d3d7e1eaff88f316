// Tabs, as the ARIA practices describe them: arrow keys move, each tab has an address of its own.

import { el } from "../dom.js";

/**
 * @param tabs `{id, label, view}`: `view` makes a tab's content once, as `{element, shown, hidden}`.
 * @returns The element, and `open(id)`.
 */
export function tabs(label, entries) {
    const made = new Map();
    let current = null;
    const buttons = entries.map((entry) => el("button", {
        type: "button", role: "tab", id: `tab-${entry.id}`, "aria-controls": `panel-${entry.id}`,
        onclick: () => open(entry.id),
    }, entry.label));
    const panels = entries.map((entry) => el("section", {
        role: "tabpanel", id: `panel-${entry.id}`, "aria-labelledby": `tab-${entry.id}`, hidden: true,
    }));
    const list = el("div", { class: "tabs", role: "tablist", "aria-label": label }, buttons);

    function open(id) {
        const index = Math.max(0, entries.findIndex((entry) => entry.id === id));
        const entry = entries[index];
        if (current === entry) return;
        if (current) made.get(current.id).hidden?.();
        current = entry;
        for (const [at, button] of buttons.entries()) {
            button.setAttribute("aria-selected", String(at === index));
            button.tabIndex = at === index ? 0 : -1;
            panels[at].hidden = at !== index;
        }
        if (!made.has(entry.id)) {
            made.set(entry.id, entry.view());
            panels[index].append(made.get(entry.id).element);
        }
        history.replaceState(null, "", `#${entry.id}`);
        made.get(entry.id).shown?.();
    }

    list.addEventListener("keydown", (event) => {
        const at = buttons.indexOf(document.activeElement);
        const isBackwards = document.documentElement.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
        const isForwards = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
        const next = {
            [isForwards]: (at + 1) % buttons.length, [isBackwards]: (at - 1 + buttons.length) % buttons.length,
            Home: 0, End: buttons.length - 1,
        }[event.key];
        if (next === undefined || at < 0) return;
        event.preventDefault();
        buttons[next].focus();
        open(entries[next].id);
    });
    addEventListener("hashchange", () => open(location.hash.slice(1)));
    open(location.hash.slice(1));
    return { element: el("div", { class: "tabbed" }, list, panels), open };
}
