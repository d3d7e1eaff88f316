// The chat: conversations at the side, the open one with the field for the next message.

import { ask } from "../dialog.js";
import { Composer } from "./composer.js";
import { ConversationList } from "../conversationlist.js";
import { el, iconButton } from "../dom.js";
import { endpoint, me, subject } from "../session.js";
import { leaveIfUnauthorized, start } from "../frame.js";
import { menu } from "../menu.js";
import { Options } from "./options.js";
import { pages } from "../urls.js";
import { post, postForText } from "../api.js";
import { isUnauthorized, errorMessage } from "../errors.js";
import { t } from "../i18n.js";
import { Thread } from "./thread.js";
import { toast } from "../toast.js";

start({
    page: "chat", keys: ["user", "client", "admin"],
    view: (main, { query }) => (me.role === "admin" ? refuse(main) : new ChatPage(main, query).begin()),
});

/** Admin keys cannot chat; they manage and read. */
function refuse(main) {
    main.append(el("div", { class: "empty" },
        el("h1", {}, t("chat.admin_title")), el("p", {}, t("chat.admin_text")),
        el("div", { class: "buttons" },
            el("a", { class: "button", href: pages.console }, t("console.to_chat_admin")),
            el("a", { class: "button quiet", href: pages.recall }, t("nav.recall")))));
}

/** How many answers may go on unseen: a browser opens six connections to a server that speaks HTTP/1.1. */
const MOST_AWAY = 3;

class ChatPage {
    #main;
    #options;
    /** The open conversation. */
    #thread = this.#newThread();
    /** Conversations that are being answered while another one is open, the one left first at the front. */
    #away = new Set();
    #composer = new Composer({ send: (prompt) => this.#send(prompt), stop: () => this.#thread.stop() });
    #list = new ConversationList((error) => this.#tell(error), { actions: (entry) => this.#actions(entry) });
    #title = el("h1", { class: "thread-title", tabIndex: -1, dir: "auto" });
    #drawer = iconButton("menu", t("chat.list"), () => this.#toggleDrawer(), { "aria-expanded": "false" });
    #side;
    #desk;

    constructor(main, query) {
        this.#main = main;
        this.#options = new Options(query.get("access_token") ?? "");
        this.#composer.options = this.#options;
        if (query.get("prompt")) this.#composer.text = query.get("prompt");
    }

    async begin() {
        this.#main.classList.add("chat");
        const fresh = el("a", { class: "button new-chat", href: "#" }, t("chat.new"));
        fresh.addEventListener("click", (event) => {
            event.preventDefault();
            this.#open(null);
            this.#composer.focus();
        });
        // Few need it, so the others do not wait for it.
        const picker = me.role === "client" && (await import("../userpicker.js")).userPicker(() => this.#changeUser());
        this.#side = el("div", { class: "side" }, picker && picker.element, fresh, this.#list.element);
        this.#desk = el("section", { class: "desk", "aria-label": t("chat.title") },
            el("div", { class: "desk-head" }, this.#drawer, this.#title), this.#thread.element, this.#composer.element);
        this.#main.append(
            this.#side, el("div", { class: "veil", onclick: () => this.#toggleDrawer(false) }), this.#desk);
        addEventListener("hashchange", () => this.#follow());
        addEventListener("keydown", (event) => {
            if (event.key === "Escape") this.#toggleDrawer(false);
        });
        this.#composer.restore(null);
        if (me.role === "client" && !subject.user_id) {
            this.#thread.empty(t("chat.client_user"));
            this.#composer.isReady = false;
            return;
        }
        await this.#list.reload();
        await this.#follow();
        this.#composer.focus();
    }

    async #changeUser() {
        this.#composer.isReady = true;
        for (const thread of [...this.#away, this.#thread]) thread.stop();
        this.#open(null);
        await this.#list.reload();
    }

    /** Shows the conversation that the address names. */
    async #follow() {
        const id = new URLSearchParams(location.hash.slice(1)).get("c");
        if (id === this.#thread.id && (id || this.#thread.isBusy)) return;
        await this.#open(id, false);
    }

    async #open(id, isNoted = true) {
        this.#composer.keep(this.#thread.id);
        const goesOn = this.#turnTo(id);
        if (isNoted) history.pushState(null, "", id ? `#c=${encodeURIComponent(id)}` : location.pathname);
        this.#list.mark(id);
        this.#toggleDrawer(false);
        this.#composer.restore(id);
        this.#composer.isBusy = goesOn;
        this.#options.isNew = !id;
        this.#rename();
        if (goesOn) return this.#thread.resume();
        if (!id) return this.#thread.empty();
        const thread = this.#thread;
        thread.clear();
        try {
            const whole = await post(endpoint("recall"), { ...subject, conversation_id: id, format: "json" });
            if (thread !== this.#thread || id !== thread.id) return;
            thread.title = whole.title;
            this.#rename();
            thread.show(whole);
        } catch (error) {
            if (thread !== this.#thread || id !== thread.id || leaveIfUnauthorized(error)) return;
            thread.empty(errorMessage(error));
        }
    }

    #newThread() {
        const owner = subject.user_id;
        const thread = new Thread({
            send: (prompt) => this.#send(prompt), retry: (turn) => this.#send(turn.prompt, turn),
            request: () => this.#request(), onBegin: () => this.#began(thread),
            onEnd: (turns) => this.#ended(thread, owner, turns), onFail: (error, prompt) => this.#failed(thread, error, prompt),
        });
        return thread;
    }

    /** Has the thread of a conversation in place; the one before goes on unseen if it is being answered. */
    #turnTo(id) {
        const before = this.#thread;
        const known = id && [...this.#away].find((thread) => thread.id === id);
        if (before.isBusy) this.#toBackground(before);
        if (known) this.#away.delete(known);
        this.#thread = known || this.#newThread();
        if (!known) this.#thread.id = id;
        before.element.replaceWith(this.#thread.element);
        return Boolean(known);
    }

    #toBackground(thread) {
        this.#away.add(thread);
        if (thread.id) this.#list.put(this.#entry(thread));
        if (this.#away.size > MOST_AWAY) [...this.#away][0].stop();
    }

    /** A conversation as the list has it. */
    #entry(thread, turns = thread.turns) {
        return { id: thread.id, title: thread.title, updated_at: new Date().toISOString(), messages: turns };
    }

    #rename() {
        const { title } = this.#thread;
        this.#title.textContent = title || t("chat.new_title");
        document.title = `${title || t("chat.title")} – ${t("app.name")}`;
    }

    /** What goes with the next prompt. */
    #request() {
        return { ...subject, ...this.#options.members(), ...(this.#thread.id ? { conversation_id: this.#thread.id } : {}) };
    }

    /** @param again The turn that failed, where it is sent once more. */
    async #send(prompt, again = null) {
        const thread = this.#thread;
        this.#composer.isBusy = true;
        this.#composer.unsent = "";
        const isTaken = await thread.ask(prompt, again);
        this.#away.delete(thread);
        // What was not answered at all stands in the thread; it comes back to the field when the thread is left.
        if (thread !== this.#thread) return isTaken || this.#composer.keep(thread.id, prompt);
        this.#composer.isBusy = false;
        if (!isTaken) this.#composer.unsent = prompt;
        if (!isTaken && !thread.id) this.#begunAnew();
        this.#composer.focus();
    }

    /** The conversation did not come to be: the next message begins one. */
    #begunAnew() {
        this.#options.isNew = true;
        history.replaceState(null, "", location.pathname);
        this.#rename();
    }

    #began(thread) {
        if (thread !== this.#thread) return this.#list.put(this.#entry(thread));
        this.#options.isNew = false;
        history.replaceState(null, "", `#c=${encodeURIComponent(thread.id)}`);
    }

    #ended(thread, owner, turns) {
        // A client may look at another of its users by now.
        if (owner !== subject.user_id) return;
        this.#list.put(this.#entry(thread, turns));
        if (thread !== this.#thread) return;
        this.#rename();
        this.#list.mark(thread.id);
    }

    /** Whether the page is left; what was to be said is kept for whoever signs in again. */
    #failed(thread, error, prompt) {
        if (!isUnauthorized(error)) return false;
        if (thread === this.#thread) {
            this.#composer.text ||= prompt;
            this.#composer.keep(thread.id);
        }
        return leaveIfUnauthorized(error);
    }

    #actions(entry) {
        const trigger = iconButton("more", t("list.actions", { title: entry.title }), null);
        return menu(trigger, [
            { label: t("list.rename"), run: () => this.#askTitle(entry) },
            { label: t("recall.export_markdown"), run: () => this.#export(entry, "markdown", "text/markdown", "md") },
            { label: t("recall.export_json"), run: () => this.#export(entry, "json", "application/json", "json") },
            { label: t("list.remove"), run: () => this.#remove(entry), isGrave: true },
        ]);
    }

    async #askTitle(entry) {
        const input = el("input", { name: "title", required: true, maxLength: 80, value: entry.title, "aria-label": t("list.title") });
        const values = await ask({ title: t("list.rename_title"), fields: [input], confirm: t("action.save") });
        if (!values) return;
        try {
            const { title } = await post("api/rename-conversation", { ...subject, conversation_id: entry.id, title: values.title });
            this.#list.rename(entry.id, title);
            for (const thread of [...this.#away, this.#thread]) if (thread.id === entry.id) thread.title = title;
            this.#rename();
        } catch (error) {
            this.#tell(error);
        }
    }

    async #export(entry, format, type, ending) {
        try {
            const text = await postForText(endpoint("recall"), { ...subject, conversation_id: entry.id, format });
            const { save } = await import("../recall/save.js");
            save(text, type, `conversation-${entry.id}.${ending}`);
        } catch (error) {
            this.#tell(error);
        }
    }

    /** Takes it off the list at once and removes it when nobody took that back. */
    #remove(entry) {
        const whose = { ...subject };
        const wasOpen = entry.id === this.#thread.id;
        this.#list.hide(entry.id);
        for (const thread of [...this.#away, this.#thread]) if (thread.id === entry.id) thread.stop();
        if (wasOpen) this.#open(null);
        toast(t("list.removed", { title: entry.title }), {
            action: {
                label: t("action.undo"), run: () => {
                    this.#list.unhide(entry.id);
                    if (wasOpen && !this.#thread.isBusy) this.#open(entry.id);
                },
            },
            after: async () => {
                try {
                    await post(endpoint("remove_conversation"), { ...whose, conversation_id: entry.id }, { keepalive: true });
                    this.#list.forget(entry.id);
                } catch (error) {
                    this.#list.unhide(entry.id);
                    this.#tell(error);
                }
            },
        });
    }

    #tell(error) {
        if (!leaveIfUnauthorized(error)) toast(errorMessage(error));
    }

    #toggleDrawer(isOpen = !this.#main.classList.contains("is-listing")) {
        if (isOpen === this.#main.classList.contains("is-listing")) return;
        this.#main.classList.toggle("is-listing", isOpen);
        this.#drawer.setAttribute("aria-expanded", String(isOpen));
        // What the drawer covers takes no focus meanwhile.
        this.#desk.inert = isOpen;
        if (isOpen) this.#side.querySelector("a, input")?.focus();
        else this.#drawer.focus();
    }
}
