// What the pages beside the chat have in common: the header with their links, and signing in.

import { base, pages, takeQuery } from "./urls.js";
import { currentKey, me, resume, signOut } from "./session.js";
import { el, icon } from "./dom.js";
import { isUnauthorized, errorMessage } from "./errors.js";
import { keep, recall } from "./storage.js";
import { loadLanguage, t } from "./i18n.js";
import { languagePicker } from "./languagepicker.js";
import { menu } from "./menu.js";
import { signInView } from "./signin.js";

/**
 * Starts a page.
 *
 * @param page The member of `pages` that this page is.
 * @param keys Names of the query under which a key may stand; it fills the field only.
 * @param isOpen Whether the page shows itself to somebody who is not signed in.
 * @param view Gives the page's main element; is called with the query and the key in it.
 */
export async function start({ page, keys, isOpen = false, view }) {
    const query = takeQuery();
    const prefilled = keys.map((name) => query.get(name)).find(Boolean) ?? "";
    await loadLanguage();
    const show = async () => {
        const main = el("main", { id: "main", tabIndex: -1 });
        decorate(page, main);
        await view(main, { query, prefilled });
    };
    // A key in the link is another wish than the key of this tab, but a link must not sign anybody in.
    const isOther = prefilled && prefilled !== currentKey();
    let message = recall("tab", "farewell") ?? "";
    keep("tab", "farewell", null);
    let isSignedIn = false;
    try {
        isSignedIn = (isOpen || !isOther) && await resume();
    } catch (error) {
        message = errorMessage(error);
        if (isUnauthorized(error)) signOut();
    }
    if (isSignedIn || isOpen) await show();
    else decorate(page, signInView({ prefilled: prefilled || currentKey(), message, done: show }));
}

/** Ends the session where `error` says that the key is no good; true if it did. */
export function leaveIfUnauthorized(error) {
    if (!me || !isUnauthorized(error)) return false;
    signOut();
    keep("tab", "farewell", errorMessage(error));
    location.reload();
    return true;
}

let current = null;

/** Shows who is signed in, on a page where that changed. */
export function renewHeader() {
    document.querySelector(".app-header").replaceWith(header(...current));
}

function decorate(page, main) {
    current = [page, main];
    document.body.replaceChildren(
        el("div", {
            id: "progress", class: "progress", role: "progressbar", "aria-label": t("app.busy"), hidden: true,
        }),
        el("a", { class: "skip", href: "#main" }, t("app.skip")),
        header(page, main), main,
        el("div", { id: "toasts", class: "toasts", role: "status" }));
}

function header(page, main) {
    const isTrusted = me && me.role !== "user";
    const links = [
        ["chat", t("nav.chat")], ["recall", t("nav.recall")], (me?.access_tokens !== false || page === "accessToken") && ["accessToken", t("nav.access_token")],
        (isTrusted || page === "addUser") && ["addUser", t("nav.add_user")],
        (isTrusted || page === "console") && ["console", t("nav.console")],
    ].filter(Boolean);
    return el("header", { class: "app-header" },
        el("a", { class: "brand", href: pages.chat }, el("img", { src: `${base}favicon.svg`, alt: "" }), t("app.name")),
        el("nav", { "aria-label": t("nav.label") }, links.map(([name, label]) =>
            el("a", { href: pages[name], "aria-current": name === page ? "page" : null }, label))),
        // The card for signing in has the languages itself.
        main.classList.contains("signin") ? null
            : el("div", { class: "header-end" }, languagePicker(), me && person()));
}

function person() {
    const trigger = el("button", { type: "button", class: "quiet person" },
        icon("person"), el("span", { dir: "auto" }, me.username || me.user_id));
    return menu(trigger, [
        { label: t("nav.settings"), run: () => (location.href = pages.settings) },
        { label: t("action.sign_out"), run: leave },
    ]);
}

function leave() {
    signOut();
    location.reload();
}
