// Menus that open beside a button.

import { el } from "./dom.js";

/**
 * A button with a list of actions.
 *
 * Arrow keys move, Escape closes and gives the focus back, as the ARIA practices say of menu buttons.
 *
 * @param trigger The button.
 * @param items `{label, run, isHidden}`, or a function that gives them when the menu opens.
 */
export function menu(trigger, items) {
    const list = el("div", { class: "menu-list", role: "menu", hidden: true });
    const box = el("div", { class: "menu" }, trigger, list);
    trigger.setAttribute("aria-haspopup", "menu");
    trigger.setAttribute("aria-expanded", "false");

    const close = (isFocusKept = true) => {
        if (list.hidden) return;
        list.hidden = true;
        trigger.setAttribute("aria-expanded", "false");
        document.removeEventListener("pointerdown", outside, true);
        if (isFocusKept) trigger.focus();
    };
    const outside = (event) => {
        if (!box.contains(event.target)) close(false);
    };
    const open = () => {
        const wanted = (typeof items === "function" ? items() : items).filter((item) => !item.isHidden);
        list.replaceChildren(...wanted.map((item) => el("button", {
            type: "button", role: "menuitem", tabIndex: -1, class: item.isGrave ? "grave" : "",
            onclick: () => {
                close();
                item.run();
            },
        }, item.label)));
        list.hidden = false;
        list.classList.toggle("upwards", box.getBoundingClientRect().bottom + list.offsetHeight > innerHeight);
        trigger.setAttribute("aria-expanded", "true");
        document.addEventListener("pointerdown", outside, true);
        list.firstElementChild?.focus();
    };
    trigger.addEventListener("click", () => (list.hidden ? open() : close()));
    trigger.addEventListener("keydown", (event) => {
        if (event.key === "ArrowDown" && list.hidden) {
            event.preventDefault();
            open();
        }
    });
    list.addEventListener("keydown", (event) => {
        const entries = [...list.children];
        const at = entries.indexOf(document.activeElement);
        const next = {
            ArrowDown: (at + 1) % entries.length, ArrowUp: (at - 1 + entries.length) % entries.length,
            Home: 0, End: entries.length - 1,
        }[event.key];
        if (next !== undefined) {
            event.preventDefault();
            entries[next].focus();
        } else if (event.key === "Escape") {
            event.stopPropagation();
            close();
        } else if (event.key === "Tab") {
            close(false);
        }
    });
    return box;
}
