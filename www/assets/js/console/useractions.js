// What can be done to a user.
//
// Each gives the user as it is now, null where it is gone, or undefined if nothing happened.

import { actFor, currentKey, endpoint, me, signIn } from "../session.js";
import { ask } from "../dialog.js";
import { checkbox, field } from "../field.js";
import { el } from "../dom.js";
import { isSame } from "./userlist.js";
import { limitFields, limitsFrom } from "./limitfields.js";
import { pages } from "../urls.js";
import { post } from "../api.js";
import { showSecret } from "../secret.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";

const name = (user) => ({ user_id: user.user_id, owner: user.owner });

async function update(user, members) {
    return (await post(endpoint("update_user"), { ...name(user), ...members })).user;
}

export async function setPlus(user, plus) {
    const changed = await update(user, { plus });
    toast(t(plus ? "users.plus_given" : "users.plus_taken", { name: user.username }));
    return changed;
}

export async function setDisabled(user, disabled) {
    const changed = await update(user, { disabled });
    toast(t(disabled ? "users.disabled_now" : "users.enabled_now", { name: user.username }));
    return changed;
}

export async function rename(user) {
    const control = el("input", {
        name: "username", required: true, maxLength: 256, autocomplete: "off", value: user.username,
    });
    const values = await ask({
        title: t("users.rename_title", { id: user.user_id }), fields: [field(t("adduser.name"), control)],
        confirm: t("action.save"),
    });
    return values ? await update(user, { username: values.username.trim() }) : undefined;
}

/** Sets what the user may use, and of a client what each of its users may. */
export async function setLimits(user) {
    const isClient = user.role === "client";
    const values = await ask({
        title: t("users.limits_title", { name: user.username }), text: t("limits.fields_hint"),
        fields: [
            limitFields(t(isClient ? "users.limits_client" : "users.limits_own"), "limits", user.limits, true),
            isClient && limitFields(t("users.limits_each"), "user_limits", user.user_limits, true),
        ].filter(Boolean),
        confirm: t("action.save"),
    });
    if (!values) return undefined;
    const members = { limits: limitsFrom(values, "limits") };
    if (isClient) members.user_limits = limitsFrom(values, "user_limits");
    const changed = await update(user, members);
    toast(t("users.limits_set", { name: user.username }));
    return changed;
}

export async function rotate(user) {
    const values = await ask({
        title: t("users.rotate_title", { name: user.username }), text: t("users.rotate_text"),
        confirm: t("users.rotate_confirm"), isGrave: true,
    });
    if (!values) return undefined;
    const { api_key: key } = await post(endpoint("rotate_key"), name(user));
    // The key of this tab was taken as well.
    if (isSame(user, me) && currentKey()) await signIn(key);
    await showSecret({
        title: t("users.rotated", { name: user.username }), text: t("adduser.key_once"), secret: key,
    });
    return { ...user, keys: [{ last_four: key.slice(-4), created_at: new Date().toISOString() }] };
}

export async function remove(user) {
    const isClient = user.role === "client";
    const values = await ask({
        title: t("users.remove_title", { name: user.username }),
        text: t(isClient ? "users.remove_client_text" : "users.remove_text"),
        fields: [
            checkbox(t("users.keep_conversations"), { name: "keep_conversations" }),
            isClient && checkbox(t("users.remove_users"), { name: "remove_users" }),
        ].filter(Boolean),
        confirm: t("users.remove_confirm"), isGrave: true,
    });
    if (!values) return undefined;
    await post(endpoint("remove_user"), { ...name(user), ...values });
    toast(t("users.removed", { name: user.username }));
    return null;
}

/** Goes to the conversations of `user`. */
export function read(user) {
    actFor(name(user));
    location.href = pages.recall;
}
