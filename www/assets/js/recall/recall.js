// The page of conversations: a list beside the one that is read.

import { ConversationList } from "../conversationlist.js";
import { ask } from "../dialog.js";
import { el } from "../dom.js";
import { endpoint, me, subject } from "../session.js";
import { start } from "../frame.js";
import { post, postForText } from "../api.js";
import { reading } from "./reading.js";
import { save } from "./save.js";
import { Problem } from "../problem.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";
import { userPicker } from "../userpicker.js";

start({
    page: "recall", keys: ["user", "client", "admin"], view: (main, { query }) => new RecallPage(main).begin(query),
});

class RecallPage {
    #main;
    #list = new ConversationList(
        (error) => this.#problem.show(error), { onFill: (isAny) => this.#main.classList.toggle("has-none", !isAny) });
    #problem = new Problem();
    #desk = el("div", { class: "desk" });
    #userPicker = me.role === "user" ? null : userPicker(() => this.#changeUser());

    constructor(main) {
        this.#main = main;
    }

    async begin(query) {
        const named = query.get("conversation_id");
        if (named) history.replaceState(null, "", `#c=${encodeURIComponent(named)}`);
        this.#main.classList.add("recall");
        this.#main.append(
            el("div", { class: "recall-head" },
                el("h1", {}, t("recall.title")), this.#userPicker?.element ?? "", this.#problem.element),
            el("div", { class: "recall-panes" }, this.#list.element, this.#desk));
        addEventListener("hashchange", () => this.#follow());
        if (this.#isNobody()) {
            this.#list.element.hidden = true;
            const words = t(me.role === "admin" ? "recall.name_user" : "recall.name_user_client");
            this.#desk.replaceChildren(el("div", { class: "empty" }, el("p", {}, words)));
            this.#userPicker.focus();
            return;
        }
        await this.#open();
    }

    async #open() {
        if (await this.#list.reload()) return await this.#follow();
        this.#list.element.hidden = true;
        this.#desk.replaceChildren();
    }

    /** Admins and clients have no conversations of their own here. */
    #isNobody() {
        return this.#userPicker && !subject.user_id;
    }

    async #changeUser() {
        history.replaceState(null, "", location.pathname);
        this.#problem.clear();
        this.#list.element.hidden = false;
        await this.#open();
    }

    /** Shows the conversation that the address names. */
    async #follow() {
        const id = this.#wanted();
        this.#list.mark(id);
        this.#main.classList.toggle("is-reading", Boolean(id));
        if (!id) {
            this.#desk.replaceChildren(el("div", { class: "empty" }, el("p", {}, t("recall.choose"))));
            return;
        }
        if (this.#isNobody()) return;
        try {
            const whole = await post(endpoint("recall"), { ...subject, conversation_id: id, format: "json" });
            if (id === this.#wanted()) this.#read(id, whole);
        } catch (error) {
            if (id !== this.#wanted()) return;
            this.#desk.replaceChildren();
            this.#problem.show(error);
        }
    }

    #wanted() {
        return new URLSearchParams(location.hash.slice(1)).get("c");
    }

    #read(id, whole) {
        this.#problem.clear();
        const article = reading(whole, {
            markdown: () => this.#export(id, "markdown", "text/markdown", "md"),
            json: () => this.#export(id, "json", "application/json", "json"),
            remove: () => this.#remove(id, whole.title),
            close: () => (location.hash = ""),
        });
        this.#desk.replaceChildren(article);
        article.querySelector("h2").focus();
    }

    async #export(id, format, type, ending) {
        try {
            const text = await postForText(endpoint("recall"), { ...subject, conversation_id: id, format });
            save(text, type, `conversation-${id}.${ending}`);
        } catch (error) {
            this.#problem.show(error);
        }
    }

    async #remove(id, title) {
        const isWanted = await ask({
            title: t("recall.remove_title", { title }), text: t("recall.remove_text"), confirm: t("recall.remove"),
            isGrave: true,
        });
        if (!isWanted) return;
        try {
            await post(endpoint("remove_conversation"), { ...subject, conversation_id: id });
            toast(t("recall.removed"));
            location.hash = "";
            this.#list.remove(id);
        } catch (error) {
            this.#problem.show(error);
        }
    }
}
