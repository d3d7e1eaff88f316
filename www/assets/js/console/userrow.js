// A user as a row of a table, which becomes a card where there is little room.

import * as actions from "./useractions.js";
import { el, icon } from "../dom.js";
import { leaveIfUnauthorized } from "../frame.js";
import { isSame } from "./userlist.js";
import { me } from "../session.js";
import { menu } from "../menu.js";
import { amount, moment, number, t } from "../i18n.js";
import { errorMessage } from "../errors.js";
import { relativeHours } from "./relative.js";
import { toast } from "../toast.js";

/** The headings in their order; the last has none to be seen. */
export const columns = ["users.column_user", "users.column_owner", "users.column_plus", "users.column_state",
    "users.column_key", "users.column_use", "users.column_seen", "users.column_created", "users.column_actions"];

/**
 * A row, and `fill(user)`, which shows what is now known of the same user.
 *
 * @param onChange Is told the user as it is now, or null where it was removed.
 * @param more Further entries of the menu.
 * @param onPick Is told the user and whether it is picked, to act on many at once.
 */
export function userRow(first, { onChange, more = () => [], onPick }) {
    let user = first;
    const isSelf = isSame(user, me);
    const pick = el("input", { type: "checkbox", onchange: () => onPick(user, pick.checked) });
    const names = el("div");
    // Nobody acts on itself together with others.
    const who = cell(0, {}, el("div", { class: "who" }, !isSelf && pick, names));
    const owner = cell(1);
    const state = cell(3);
    const key = cell(4);
    const use = cell(5, { class: "use" });
    const seen = cell(6, { class: "when" });
    const created = cell(7, { class: "when" });
    const plus = el("button", { type: "button", role: "switch", class: "switch" });
    const trigger = el("button", { type: "button", class: "icon-button" }, icon("more"));
    const row = el("tr", {}, who, owner, cell(2, {}, plus), state, key, use, seen, created,
        cell(8, { class: "actions" }, menu(trigger, () => [
            { label: t("users.read"), run: () => actions.read(user), isHidden: user.role !== "user" },
            ...more(user),
            { label: t("users.rename"), run: () => run(() => actions.rename(user)) },
            { label: t("users.limits"), run: () => run(() => actions.setLimits(user)) },
            { label: t("users.rotate"), run: () => run(() => actions.rotate(user)) },
            {
                label: t(user.disabled ? "users.enable" : "users.disable"), isHidden: isSelf,
                run: () => run(() => actions.setDisabled(user, !user.disabled)),
            },
            { label: t("users.remove"), isGrave: true, isHidden: isSelf, run: () => run(() => actions.remove(user)) },
        ])));
    plus.addEventListener("click", () => run(() => actions.setPlus(user, !user.plus)));

    let isRunning = false;

    async function run(action) {
        // Not by disabling: a disabled button loses the focus.
        if (isRunning) return;
        isRunning = true;
        try {
            const changed = await action();
            if (changed === undefined) return;
            if (changed) fill(changed);
            onChange(changed, user);
        } catch (error) {
            if (leaveIfUnauthorized(error)) return;
            toast(error.parameter === "remove_users" ? t("users.error_has_users") : errorMessage(error));
        } finally {
            isRunning = false;
        }
    }

    function fill(known) {
        // Answers to changes do not say what was used.
        user = { usage_30_days: user.usage_30_days, last_seen_at: user.last_seen_at, ...known };
        pick.setAttribute("aria-label", t("users.pick", { name: user.username }));
        names.replaceChildren(
            el("strong", {}, el("bdi", {}, user.username)),
            el("span", { class: "id" },
                el("bdi", {}, user.user_id), isSelf && el("span", { class: "badge" }, t("users.you"))));
        owner.replaceChildren(user.owner === "self"
            ? el("span", { class: "quiet-text" }, t("users.owner_self")) : el("bdi", {}, user.owner));
        plus.setAttribute("aria-checked", String(user.plus));
        plus.setAttribute("aria-label", t("users.plus_of", { name: user.username }));
        plus.disabled = isPlusRefused(user);
        plus.title = plus.disabled ? t("adduser.plus_refused") : "";
        state.replaceChildren(el("span", { class: user.disabled ? "badge bad" : "badge good" },
            t(user.disabled ? "users.state_disabled" : "users.state_active")));
        const last = user.keys.at(-1);
        key.replaceChildren(last ? el("code", {
            dir: "ltr", title: t("users.key_since", { date: moment(last.created_at) }),
        }, `…${last.last_four}`) : "–");
        use.replaceChildren(...shownUse(user.usage_30_days));
        seen.replaceChildren(user.last_seen_at
            ? el("time", { dateTime: user.last_seen_at, title: moment(user.last_seen_at) }, relativeHours(user.last_seen_at))
            : el("span", { class: "quiet-text" }, t("users.never_seen")));
        created.replaceChildren(el("time", { dateTime: user.created_at }, moment(user.created_at)));
        const label = t("users.actions_of", { name: user.username });
        trigger.setAttribute("aria-label", label);
        trigger.title = label;
        row.classList.toggle("is-out", user.disabled);
    }

    fill(first);
    return { element: row, fill, pick: isSelf ? null : pick, user: () => user };
}

function cell(index, members = {}, ...children) {
    return el("td", { "data-label": t(columns[index]), ...members }, ...children);
}

/** What was used in thirty days: requests, tokens and, where there are prices, what they cost. */
function shownUse(use) {
    if (!use || use.requests === 0) return [el("span", { class: "quiet-text" }, "–")];
    const cost = use.cost === null ? "" : ` · ${amount(use.cost, use.currency)}`;
    return [
        el("span", {}, t("users.use_requests", { requests: number(use.requests) })),
        el("span", { class: "quiet-text" }, `${t("users.use_tokens", { tokens: number(use.tokens) })}${cost}`),
    ];
}

/** A client without plus can take it from its users, but not give it. */
function isPlusRefused(user) {
    return me.role === "client" && !me.plus && !user.plus;
}
