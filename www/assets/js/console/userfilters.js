// What narrows and orders the list of users.

import { field, select } from "../field.js";
import { el } from "../dom.js";
import { me } from "../session.js";
import { t } from "../i18n.js";

const ROLES = { all: "user,admin", user: "user", admin: "admin" };
const ORDERS = {
    newest: { sort: "created_at", order: "desc" }, oldest: { sort: "created_at", order: "asc" },
    name: { sort: "username", order: "asc" }, id: { sort: "user_id", order: "asc" },
};

export class UserFilters {
    #role = select([["all", t("users.role_all")], ["user", t("users.role_user")], ["admin", t("users.role_admin")]]);
    #plus = select([["", t("users.filter_all")], ["true", t("users.plus_with")], ["false", t("users.plus_without")]]);
    #state = select([
        ["", t("users.filter_all")], ["false", t("users.state_active")], ["true", t("users.state_disabled")]]);
    #order = select([
        ["newest", t("users.sort_newest")], ["oldest", t("users.sort_oldest")], ["name", t("users.sort_name")],
        ["id", t("users.sort_id")]]);
    #isClients;

    /** @param onChange Is called when something else is wanted. */
    constructor(isClients, onChange) {
        this.#isClients = isClients;
        this.element = el("div", { class: "filters", role: "group", "aria-label": t("users.filters"), onchange: onChange },
            !isClients && me.role === "admin" && field(t("users.role"), this.#role),
            field(t("users.column_plus"), this.#plus),
            field(t("users.column_state"), this.#state),
            field(t("users.sort"), this.#order));
    }

    /** Whether something is left out. */
    get isNarrow() {
        return this.#role.value !== "all" || this.#plus.value !== "" || this.#state.value !== "";
    }

    get members() {
        const members = { role: this.#isClients ? "client" : ROLES[this.#role.value], ...ORDERS[this.#order.value] };
        if (this.#plus.value) members.plus = this.#plus.value === "true";
        if (this.#state.value) members.disabled = this.#state.value === "true";
        return members;
    }

    clear() {
        this.#role.value = "all";
        this.#plus.value = this.#state.value = "";
    }
}
