// The list of conversations, newest first.

import { endpoint, subject } from "./session.js";
import { ageGroup, plural, shortDate, t } from "./i18n.js";
import { el } from "./dom.js";
import { field } from "./field.js";
import { pages } from "./urls.js";
import { post } from "./api.js";

const STEP = 50;

export class ConversationList {
    #entries = [];
    #isWhole = false;
    #isFailed = false;
    #turn = 0;
    #open = null;
    #onProblem;
    #onFill;
    #actions;
    #hidden = new Set();
    #search = el("input", { type: "search", autocomplete: "off", spellcheck: false, placeholder: t("recall.search") });
    #groups = el("div", { class: "groups" });
    #count = el("p", { class: "count", role: "status" });
    #empty = el("div", { class: "empty", hidden: true });
    #more = el("button", {
        type: "button", class: "quiet", hidden: true, onclick: () => this.#fetch(),
    }, t("recall.more"));

    /**
     * @param onProblem Is told the error where the list cannot be fetched.
     * @param options `onFill` is told whether there is any conversation at all, `actions` gives the element beside an
     * entry.
     */
    constructor(onProblem, { onFill = () => {}, actions = () => null } = {}) {
        this.#onProblem = onProblem;
        this.#onFill = onFill;
        this.#actions = actions;
        this.#search.addEventListener("input", () => {
            this.#fill();
            this.#searchOn();
        });
        this.element = el("nav", { class: "recall-list", "aria-label": t("recall.list") },
            field(t("recall.search"), this.#search), this.#count, this.#groups, this.#empty, this.#more);
    }

    /** Begins again, for another user; false if the list could not be fetched. */
    async reload() {
        this.#entries = [];
        this.#isWhole = false;
        this.#search.value = "";
        await this.#fetch();
        return !this.#isFailed;
    }

    mark(id) {
        this.#open = id;
        for (const link of this.#groups.querySelectorAll("a")) {
            if (link.dataset.id === id) link.setAttribute("aria-current", "true");
            else link.removeAttribute("aria-current");
        }
    }

    remove(id) {
        this.#entries = this.#entries.filter((entry) => entry.id !== id);
        this.#fill();
        this.#search.focus();
    }

    /** Puts an entry on top, new or changed. */
    put(entry) {
        this.#entries = [entry, ...this.#entries.filter(({ id }) => id !== entry.id)];
        this.#fill();
    }

    rename(id, title) {
        for (const entry of this.#entries) if (entry.id === id) entry.title = title;
        this.#fill();
    }

    /** Shows an entry no more, until it is taken back. */
    hide(id) {
        this.#hidden.add(id);
        this.#fill();
    }

    unhide(id) {
        this.#hidden.delete(id);
        this.#fill();
    }

    /** Removes an entry that was hidden. */
    forget(id) {
        this.#entries = this.#entries.filter((entry) => entry.id !== id);
        this.#hidden.delete(id);
    }

    /** Fetches on while somebody searches, a page at a time. */
    async #searchOn() {
        if (this.#isSearching) return;
        this.#isSearching = true;
        while (this.#search.value.trim() && !this.#isWhole && !this.#isFailed) await this.#fetch();
        this.#isSearching = false;
    }

    #isSearching = false;

    async #fetch() {
        // An answer that comes after a later question is for another user, or a second copy of a page.
        const turn = ++this.#turn;
        this.#isFailed = false;
        try {
            const before = this.#entries.length ? { before: this.#entries.at(-1).id } : {};
            const page = Object.entries(await post(endpoint("recall"), { ...subject, limit: STEP, ...before }));
            if (turn !== this.#turn) return;
            const known = new Set(this.#entries.map(({ id }) => id));
            this.#entries.push(...page.map(([id, facts]) => ({ id, ...facts })).filter(({ id }) => !known.has(id)));
            this.#isWhole = page.length < STEP;
        } catch (error) {
            if (turn !== this.#turn) return;
            this.#isFailed = true;
            this.#onProblem(error);
        }
        this.#fill();
    }

    #fill() {
        const text = this.#search.value.trim().toLocaleLowerCase();
        const found = this.#entries.filter((entry) =>
            !this.#hidden.has(entry.id) && entry.title.toLocaleLowerCase().includes(text));
        const groups = new Map();
        for (const entry of found) {
            const name = ageGroup(entry.updated_at);
            groups.set(name, [...groups.get(name) ?? [], entry]);
        }
        this.#groups.replaceChildren(...[...groups].map(([name, entries]) => el("section", {},
            el("h2", {}, name), el("ul", {}, entries.map((entry) => el("li", {}, this.#link(entry), this.#actions(entry)))))));
        this.mark(this.#open);
        this.#more.hidden = this.#isWhole;
        this.#count.textContent = found.length
            ? plural(this.#isWhole ? "recall.count" : "recall.count_more", found.length) : "";
        this.#empty.hidden = found.length > 0 || this.#isFailed;
        if (found.length === 0) this.#empty.replaceChildren(...this.#nothing(text));
        this.#onFill(this.#entries.length > 0 || this.#isFailed);
    }

    #link(entry) {
        return el("a", { href: `#c=${encodeURIComponent(entry.id)}`, "data-id": entry.id },
            el("span", { class: "title", dir: "auto" }, entry.title || t("recall.untitled")),
            el("span", { class: "when" },
                `${shortDate(entry.updated_at)} · ${plural("recall.messages", entry.messages)}`));
    }

    #nothing(text) {
        if (text) return [el("p", {}, t("recall.no_match"))];
        if (subject.user_id) return [el("p", {}, t("recall.none_of", { name: subject.user_id }))];
        return [el("p", {}, t("recall.none")), el("a", { class: "button", href: pages.chat }, t("recall.begin"))];
    }
}
