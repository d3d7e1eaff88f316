// The turns of a conversation, the last of which may still be answered, also while another conversation is open.

import { APIError, send } from "../api.js";
import { el, iconButton } from "../dom.js";
import { endpoint } from "../session.js";
import { events } from "../eventstream.js";
import { sentence } from "../errors.js";
import { Speaker } from "./speaker.js";
import { t } from "../i18n.js";
import { Turn } from "./turn.js";

/** Of a title that is the prompt's beginning, until the server gives one. */
const LONGEST_TITLE = 60;

/** How near to the end, in pixels, counts as being there. */
const NEAR = 80;

export class Thread {
    /** The conversation's id and title, as far as they are known; null and "" for one that has not begun. */
    id = null;
    title = "";
    #hooks;
    #turns = el("div", { class: "turns" });
    #scroller = el("div", { class: "thread", tabIndex: 0, role: "log", "aria-live": "off", "aria-label": t("chat.thread") }, this.#turns);
    #jump = iconButton("end", t("chat.jump"), () => this.#toEnd(true), { class: "icon-button jump", hidden: true });
    #speaker = new Speaker();
    #running = null;
    #count = 0;

    /**
     * @param hooks `send` sends a prompt as a person would; `request` gives what goes with one; `onBegin`, `onEnd` and
     * `onFail` are told what became of it.
     */
    constructor(hooks) {
        this.#hooks = hooks;
        let wasAtEnd = true;
        this.#scroller.addEventListener("scroll", () => {
            wasAtEnd = this.#isAtEnd();
            this.#jump.hidden = wasAtEnd;
        });
        // Whoever reads the end goes on to, when the field below grows or the window shrinks.
        new ResizeObserver(() => wasAtEnd && this.#toEnd()).observe(this.#scroller);
        this.element = el("div", { class: "thread-frame" }, this.#scroller, this.#jump, this.#speaker.element);
    }

    /** How many turns there are, the running one among them. */
    get turns() {
        return this.#count;
    }

    get isBusy() {
        return this.#running !== null;
    }

    /** Shows a stored conversation. */
    show(conversation) {
        this.clear();
        for (const stored of conversation.turns) this.#add(new Turn(stored.prompt, this.#actions())).store(stored);
        this.#toEnd();
    }

    clear() {
        this.#count = 0;
        this.#turns.replaceChildren();
    }

    /** Says what can be done where there is nothing yet. */
    empty(text) {
        this.clear();
        const suggestions = ["suggest_1", "suggest_2", "suggest_3"].map((key) => t(`chat.${key}`));
        this.#turns.append(el("div", { class: "empty" },
            el("h2", {}, text ?? t("chat.welcome")),
            text ? null : el("ul", { class: "suggestions" }, suggestions.map((suggestion) => el("li", {},
                el("button", { type: "button", class: "quiet", onclick: () => this.#hooks.send(suggestion) }, suggestion))))));
        this.#jump.hidden = true;
    }

    stop() {
        this.#running?.stop.abort();
    }

    /** It is shown again, with an answer that has gone on meanwhile. */
    resume() {
        this.#toEnd();
    }

    /** Sends `prompt` and shows the answer as it comes; false if nothing came of it. */
    async ask(prompt) {
        this.#turns.querySelector(".empty")?.remove();
        const turn = this.#add(new Turn(prompt, this.#actions()));
        const run = { stop: new AbortController(), id: null, prompt, turn };
        this.#running = run;
        turn.begin();
        this.#toEnd();
        this.#speaker.say(t("chat.answering"));
        try {
            await this.#receive(run, prompt);
        } catch (error) {
            this.#fail(run, error);
        } finally {
            if (this.#running === run) this.#running = null;
        }
        return turn.hasText || run.id !== null;
    }

    async #receive(run, prompt) {
        const { turn, stop } = run;
        const answer = await send(endpoint("chat"), {
            method: "POST", signal: stop.signal, body: JSON.stringify({ ...this.#hooks.request(), prompt, stream: true }),
        });
        for await (const { name, data } of events(answer)) {
            const wasAtEnd = this.#isAtEnd();
            if (name === "start") {
                run.id = data.conversation_id;
                if (this.id !== run.id) {
                    this.id = run.id;
                    this.title ||= prompt.slice(0, LONGEST_TITLE);
                }
                this.#hooks.onBegin();
            } else if (name === "delta") {
                turn.append(data.text);
                this.#speaker.take(data.text);
            } else if (name === "replace") {
                turn.replace(data.text);
            } else if (name === "error") {
                throw APIError.of(data, 0);
            } else if (name === "done") {
                await turn.finish(data);
                this.#speaker.end(t("chat.answered"));
                this.title = data.conversation_title || this.title;
                this.#hooks.onEnd(this.#count);
                if (wasAtEnd) this.#toEnd();
                return;
            }
            if (wasAtEnd) this.#toEnd();
        }
        throw new APIError("", {});
    }

    #fail(run, error) {
        const { turn } = run;
        if (error.name === "AbortError") {
            turn.break(t("chat.stopped"));
            this.#speaker.end(t("chat.stopped"));
        } else {
            // A connection that breaks off in the middle is not an APIError.
            const failure = error instanceof APIError ? error : new APIError("", {});
            if (this.#hooks.onFail(failure, run.prompt)) return;
            turn.break(sentence(failure), true);
            this.#speaker.end(sentence(failure));
        }
        if (run.id && turn.hasText) this.#hooks.onEnd(this.#count);
        this.#toEnd();
    }

    #add(turn) {
        this.#count += 1;
        this.#turns.append(turn.element);
        return turn;
    }

    #actions() {
        return { send: (prompt) => (this.isBusy ? null : this.#hooks.send(prompt)) };
    }

    #isAtEnd() {
        return this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight < NEAR;
    }

    #toEnd(isSmooth = false) {
        const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: isSmooth && !isCalm ? "smooth" : "instant" });
    }
}
