// The console: users, clients and accounts for admins, their own users for clients.

import { AccountsView } from "./accounts.js";
import { GroupsView } from "./groups.js";
import { UsageView } from "./usage.js";
import { UsersView } from "./users.js";
import { el } from "../dom.js";
import { me } from "../session.js";
import { pages } from "../urls.js";
import { start } from "../frame.js";
import { t } from "../i18n.js";
import { tabs } from "./tabs.js";

start({
    page: "console", keys: ["admin", "client", "user"],
    view(main) {
        main.classList.add("console");
        main.append(el("h1", {}, t("console.title")));
        if (me.role === "user") main.append(refusal());
        else if (me.role === "admin") main.append(sections());
        else main.append(el("p", { class: "lead" }, t("console.client_lead")), clientSections());
    },
});

function sections() {
    let users = null;
    const showUsers = (owner) => {
        tabbed.open("users");
        users.ofOwner(owner);
    };
    const tabbed = tabs(t("console.sections"), [
        { id: "users", label: t("console.users"), view: () => (users = new UsersView()) },
        {
            id: "clients", label: t("console.clients"),
            view: () => new UsersView({ isClients: true, onShowUsers: showUsers }),
        },
        { id: "groups", label: t("console.groups"), view: () => new GroupsView() },
        { id: "accounts", label: t("console.accounts"), view: () => new AccountsView() },
        { id: "usage", label: t("settings.usage_tab"), view: () => new UsageView() },
    ]);
    return tabbed.element;
}

function clientSections() {
    return tabs(t("console.sections"), [
        { id: "users", label: t("console.users"), view: () => new UsersView() },
        { id: "usage", label: t("settings.usage_tab"), view: () => new UsageView() },
    ]).element;
}

function refusal() {
    return el("div", { class: "empty" },
        el("p", {}, t("console.user_refused", { name: me.username })),
        el("a", { class: "button", href: pages.chat }, t("console.to_chat")));
}
