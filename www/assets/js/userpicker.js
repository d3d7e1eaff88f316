// Whose conversations an admin or a client reads; everybody else reads their own.

import { actFor, endpoint, me, subject } from "./session.js";
import { el, newID } from "./dom.js";
import { field } from "./field.js";
import { post } from "./api.js";
import { t } from "./i18n.js";

const OFFERED = 20;
const TYPING = 250;

/**
 * The form that names the user.
 *
 * @param onChange Is called when another user was chosen.
 */
export function userPicker(onChange) {
    const id = el("input", {
        name: "user_id", required: true, maxLength: 128, autocomplete: "off", spellcheck: false,
        value: subject.user_id ?? "",
    });
    const names = el("datalist", { id: newID("users") });
    id.setAttribute("list", names.id);
    const owner = el("input", {
        name: "owner", maxLength: 128, autocomplete: "off", spellcheck: false, value: subject.owner ?? "",
    });
    offer(id, names, owner);
    const form = el("form", {
        class: "whose", "aria-label": t("recall.whose"),
        onsubmit(event) {
            event.preventDefault();
            const user = { user_id: id.value.trim() };
            // Without an owner the server finds the user, if there is one of that id only.
            if (me.role === "admin" && owner.value.trim()) user.owner = owner.value.trim();
            actFor(user);
            onChange();
        },
    },
        field(t("recall.user_id"), id), names,
        me.role === "admin" && field(t("recall.owner"), owner, t("recall.owner_hint")),
        el("button", { type: "submit" }, t("recall.show")));
    return { element: form, focus: () => id.focus() };
}

/** What is typed is looked for among ids and names, and `list` shows what was found. Any id can be typed all the same. */
function offer(id, list, owner) {
    let timer = 0;
    let turn = 0;
    let found = [];
    const look = async () => {
        const mine = ++turn;
        try {
            const { users } = await post(
                endpoint("users"), { q: id.value.trim(), role: "user", limit: OFFERED, sort: "username" }, { isQuiet: true });
            if (mine !== turn) return;
            found = users;
            list.replaceChildren(...users.map((user) => el("option", { value: user.user_id, label: label(user) })));
        } catch {
            // The page says what is wrong when it is used.
        }
    };
    id.addEventListener("focus", look, { once: true });
    id.addEventListener("input", () => {
        // One that was chosen from the list, of whomever it is.
        const chosen = found.filter((user) => user.user_id === id.value);
        if (chosen.length === 1 && me.role === "admin") owner.value = chosen[0].owner;
        clearTimeout(timer);
        timer = setTimeout(look, TYPING);
    });
}

function label(user) {
    const id = me.role === "admin" && user.owner !== "self" ? `${user.owner}/${user.user_id}` : user.user_id;
    return `${user.username} (${id})`;
}
