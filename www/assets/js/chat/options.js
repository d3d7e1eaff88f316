// What a person chooses about the replies: pool, model, system prompt, own account.

import { field, select } from "../field.js";
import { el } from "../dom.js";
import { keep, recall } from "../storage.js";
import { me } from "../session.js";
import { t } from "../i18n.js";

export class Options {
    #pool = select(me.pools.map((pool) => [pool, t(`options.pool_${pool}`)]), { onchange: () => this.#keep() });
    #model = select([["", t("options.model_any")], ...me.models.map((name) => [name, name])], { onchange: () => this.#keep() });
    #system = el("textarea", { rows: 3, maxLength: 20_000, oninput: () => this.#keep() });
    #systemField = field(t("options.system"), this.#system, t("options.system_hint"));
    /** Of one's own account; it is not kept anywhere. */
    #token;
    #tokenPlus = el("input", { type: "checkbox" });

    constructor(token) {
        this.#token = el("input", { type: "password", autocomplete: "off", spellcheck: false, value: token });
        this.#restore();
        this.element = el("details", { class: "options", open: Boolean(token) },
            el("summary", {}, t("options.title")),
            el("div", { class: "options-body" },
                me.pools.length > 1 && field(t("options.pool"), this.#pool),
                me.models.length > 0 && field(t("options.model"), this.#model),
                this.#systemField,
                (me.access_tokens || token) && el("details", { open: Boolean(token) },
                    el("summary", {}, t("options.advanced")),
                    field(t("options.token"), this.#token, t("options.token_hint")),
                    el("label", { class: "check" }, this.#tokenPlus, el("span", {}, t("options.token_plus"))))));
    }

    /** A system prompt is for the begin of a conversation. */
    set isNew(isNew) {
        this.#systemField.hidden = !isNew;
    }

    /** The members of a request. */
    members() {
        const members = { plus: this.#pool.value || "false" };
        if (members.plus === "free") members.plus = "false";
        if (members.plus === "plus") members.plus = "true";
        if (this.#model.value) members.model = this.#model.value;
        if (this.#system.value.trim() && !this.#systemField.hidden) members.system = this.#system.value;
        if (this.#token.value.trim()) {
            members.access_token = this.#token.value.trim();
            members.user_plus = this.#tokenPlus.checked;
        }
        return members;
    }

    #keep() {
        keep("tab", "options", JSON.stringify({
            pool: this.#pool.value, model: this.#model.value, system: this.#system.value,
        }));
    }

    #restore() {
        let kept = {};
        try {
            kept = JSON.parse(recall("tab", "options") ?? "{}") ?? {};
        } catch {
            // Something else's; begin anew.
        }
        if (me.pools.includes(kept.pool)) this.#pool.value = kept.pool;
        if (me.models.includes(kept.model)) this.#model.value = kept.model;
        if (typeof kept.system === "string") this.#system.value = kept.system;
    }
}
