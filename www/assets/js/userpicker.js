// Whose conversations an admin or a client reads; everybody else reads their own.

import { actFor, endpoint, me, subject } from "./session.js";
import { el, newID } from "./dom.js";
import { field } from "./field.js";
import { post } from "./api.js";
import { t } from "./i18n.js";

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
    // A client picks from its own users; an admin's may be too many for that.
    const names = el("datalist", { id: newID("users") });
    if (me.role === "client") {
        id.setAttribute("list", names.id);
        offer(names);
    }
    const owner = el("input", {
        name: "owner", maxLength: 128, autocomplete: "off", spellcheck: false, value: subject.owner ?? "",
    });
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

/** The newest users fill `list`, by id and name. Without them an id can still be typed. */
async function offer(list) {
    try {
        const { users } = await post(endpoint("users"), { limit: 500 }, { isQuiet: true });
        list.append(...users.map(({ user_id: id, username }) => el("option", { value: id, label: `${username} (${id})` })));
    } catch {
        // The page says what is wrong when it is used.
    }
}
