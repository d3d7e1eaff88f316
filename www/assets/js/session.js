// Who is signed in: the key stays in this tab's storage and is gone with the tab.

import { get, useKey } from "./api.js";
import { keep, recall } from "./storage.js";

/** What the server says of the key; null while nobody is signed in. */
export let me = null;

/** For whom a client or an admin acts: `{user_id, owner}`. Users act for themselves. */
export let subject = {};

export function actFor(user) {
    subject = user ?? {};
    keep("tab", "subject", user ? JSON.stringify(user) : null);
}

/** Signs in with a key, or throws what the server says of it. */
export async function signIn(key) {
    useKey(key);
    try {
        me = await get("api/whoami");
    } catch (error) {
        useKey(null);
        throw error;
    }
    keep("tab", "key", key);
    return me;
}

/** Signs in again with the key of this tab; false if there is none. */
export async function resume() {
    const key = recall("tab", "key");
    if (!key) return false;
    await signIn(key);
    try {
        const kept = JSON.parse(recall("tab", "subject") ?? "{}");
        if (me.role !== "user" && typeof kept?.user_id === "string") subject = kept;
    } catch {
        subject = {};
    }
    return true;
}

/** The key of this tab, for forms. */
export function currentKey() {
    return recall("tab", "key") ?? "";
}

export function signOut() {
    keep("tab", "key", null);
    keep("tab", "subject", null);
    useKey(null);
    me = null;
    subject = {};
}

/** The path of an endpoint, which the operator may have moved. */
export function endpoint(name) {
    return me.endpoints[name];
}
