// The turns of a conversation, the last of which may still be answered, also while another conversation is open.

import { APIError, send } from "../api.js";
import { el, iconButton } from "../dom.js";
import { endpoint } from "../session.js";
import { events } from "../eventstream.js";
import { relative } from "../console/relative.js";
import { rest } from "../pace.js";
import { errorMessage } from "../errors.js";
import { Announcer } from "./announcer.js";
import { t } from "../i18n.js";
import { Turn } from "./turn.js";

/** Of a title that is the prompt's beginning, until the server gives one. */
const LONGEST_TITLE = 60;

/** How near to the end, in pixels, counts as being there. */
const NEAR = 80;

/** How many turns of a long conversation are put on the page in one go. */
const SLICE = 20;

/** Failures that end by themselves, and how often they are waited for. */
const PASSING = { account_resting: "chat.account_resting", no_account_available: "chat.accounts_busy" };
const MOST_WAITS = 30;

export class Thread {
    /** The conversation's id and title, as far as they are known; null and "" for one that has not begun. */
    id = null;
    title = "";
    #hooks;
    #turns = el("div", { class: "turns" });
    #scroller = el("div", { class: "thread", tabIndex: 0, role: "log", "aria-live": "off", "aria-label": t("chat.thread") }, this.#turns);
    #jump = iconButton("end", t("chat.jump"), () => this.#toEnd(true), { class: "icon-button jump", hidden: true });
    #announcer = new Announcer();
    #running = null;
    #count = 0;
    /** Whether the end stays in sight while the thread grows. */
    #isFollowing = true;
    #whenNear = new Map();
    #near = new IntersectionObserver((entries) => this.#comeNear(entries), { root: this.#scroller, rootMargin: "600px 0px" });

    /**
     * @param hooks `send` sends a prompt as a person would, `retry` a turn that failed; `request` gives what goes with one; `onBegin`, `onEnd` and
     * `onFail` are told what became of it.
     */
    constructor(hooks) {
        this.#hooks = hooks;
        let lastTop = 0;
        this.#scroller.addEventListener("scroll", () => {
            const top = this.#scroller.scrollTop;
            if (this.#isAtEnd()) this.#isFollowing = true;
            // Growing does not move what is in sight up; a person does.
            else if (top < lastTop) this.#isFollowing = false;
            lastTop = top;
            this.#jump.hidden = this.#isFollowing;
        });
        // Whoever reads the end goes on to, when a reply grows, the field below does, or the window shrinks.
        const growth = new ResizeObserver(() => this.#isFollowing && this.#toEnd());
        for (const element of [this.#scroller, this.#turns]) growth.observe(element);
        this.element = el("div", { class: "thread-frame" }, this.#scroller, this.#jump, this.#announcer.element);
    }

    /** How many turns there are, the running one among them. */
    get turns() {
        return this.#count;
    }

    get isBusy() {
        return this.#running !== null;
    }

    /** Shows a stored conversation: its end first, the rest slice by slice. */
    async show(conversation) {
        this.clear();
        const { turns } = conversation;
        const isShown = this.#shown = {};
        this.#count = turns.length;
        for (let end = turns.length; end > 0; end -= SLICE) {
            this.#turns.prepend(...turns.slice(Math.max(0, end - SLICE), end).map((stored) => {
                const turn = new Turn(stored.prompt, this.#actions());
                turn.store(stored);
                return turn.element;
            }));
            if (end === turns.length) this.#toEnd();
            await rest();
            if (this.#shown !== isShown) return;
        }
    }

    #shown = null;

    clear() {
        this.#shown = null;
        this.#count = 0;
        this.#isFollowing = true;
        this.#near.disconnect();
        this.#whenNear.clear();
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

    /**
     * Sends `prompt` and shows the answer as it comes; false if nothing came of it.
     *
     * @param again The turn that failed, where it is sent once more in its own place.
     */
    async ask(prompt, again = null) {
        this.#turns.querySelector(".empty")?.remove();
        if (again?.hasText) again = null;
        this.#forgetUnanswered(again);
        const turn = again ?? this.#add(new Turn(prompt, this.#actions()));
        const run = { stop: new AbortController(), id: null, isNew: this.id === null, prompt, turn };
        this.#running = run;
        this.#toEnd();
        this.#announcer.say(t("chat.answering"));
        let isAnswered = false;
        try {
            await this.#receiveInTime(run);
            isAnswered = true;
        } catch (error) {
            this.#fail(run, error);
        } finally {
            if (this.#running === run) this.#running = null;
        }
        if (!turn.hasText && !isAnswered) this.#unanswered = turn;
        return turn.hasText || isAnswered;
    }

    /** Receives the answer; waits and tries again where the failure passes by itself. */
    async #receiveInTime(run) {
        for (let waits = 1; ; waits += 1) {
            run.turn.begin();
            try {
                return await this.#receive(run);
            } catch (error) {
                if (!PASSING[error.code] || run.turn.hasText || waits > MOST_WAITS) throw error;
                await this.#wait(run, PASSING[error.code], Math.max(error.retryAfter ?? 5, waits));
            }
        }
    }

    /** Counts down in the turn; ends early when the person wants it sent now, and throws when they stop it. */
    async #wait(run, words, seconds) {
        const { stop, turn } = run;
        const end = Date.now() + seconds * 1000;
        let isNow = false;
        let wake = () => {};
        const actions = [
            { label: t("chat.send_now"), run: () => wake((isNow = true)) },
            { label: t("chat.stop_waiting"), run: () => stop.abort() },
        ];
        stop.signal.addEventListener("abort", () => wake(), { once: true });
        this.#announcer.say(t(words, { relative: relative(new Date(end)) }));
        while (!isNow && Date.now() < end && !stop.signal.aborted) {
            turn.wait(t(words, { relative: relative(new Date(Math.max(end, Date.now() + 1000))) }), actions);
            await new Promise((resolve) => {
                wake = resolve;
                setTimeout(resolve, 1000);
            });
        }
        run.isWaitStopped = stop.signal.aborted;
        stop.signal.throwIfAborted();
    }

    async #receive(run) {
        const { prompt, turn, stop } = run;
        const answer = await send(endpoint("chat"), {
            method: "POST", signal: stop.signal, body: JSON.stringify({ ...this.#hooks.request(), prompt, stream: true }),
        });
        for await (const { name, data } of events(answer)) {
            stop.signal.throwIfAborted();
            if (name === "start") {
                run.id = data.conversation_id;
                if (this.id !== run.id) {
                    this.id = run.id;
                    this.title ||= prompt.slice(0, LONGEST_TITLE);
                }
                this.#hooks.onBegin();
            } else if (name === "delta") {
                turn.append(data.text);
                this.#announcer.take(data.text);
            } else if (name === "replace") {
                turn.replace(data.text);
            } else if (name === "error") {
                throw APIError.of(data, 0);
            } else if (name === "done") {
                turn.finish(data);
                this.#announcer.end(t("chat.answered"));
                this.title = data.conversation_title || this.title;
                this.#hooks.onEnd(this.#count);
                return;
            }
        }
        throw new APIError("", {});
    }

    #fail(run, error) {
        const { turn } = run;
        // The server keeps nothing of what did not begin.
        if (run.isNew && !turn.hasText) {
            this.id = null;
            this.title = "";
        }
        if (error.name === "AbortError") {
            const words = t(turn.hasText ? "chat.stopped" : run.isWaitStopped ? "chat.wait_stopped" : "chat.stopped_empty");
            turn.break(words);
            this.#announcer.end(words);
        } else {
            // A connection that breaks off in the middle is not an APIError.
            const failure = error instanceof APIError ? error : new APIError("", {});
            if (this.#hooks.onFail(failure, run.prompt)) return;
            turn.break(errorMessage(failure), true);
            this.#announcer.end(errorMessage(failure));
        }
        if (run.id && turn.hasText) this.#hooks.onEnd(this.#count);
        this.#toEnd();
    }

    /** Takes away turns of which nothing came and nothing is kept, but for the one that is sent again. */
    #forgetUnanswered(again) {
        if (this.#unanswered && this.#unanswered !== again) {
            this.#unanswered.element.remove();
            this.#count -= 1;
        }
        this.#unanswered = null;
    }

    #unanswered = null;

    #add(turn) {
        this.#count += 1;
        this.#turns.append(turn.element);
        return turn;
    }

    #actions() {
        return {
            send: (prompt) => (this.isBusy ? null : this.#hooks.send(prompt)),
            retry: (turn) => (this.isBusy ? null : this.#hooks.retry(turn)),
            near: (element, run) => {
                this.#whenNear.set(element, run);
                this.#near.observe(element);
            },
        };
    }

    #comeNear(entries) {
        for (const { isIntersecting, target } of entries) {
            if (!isIntersecting) continue;
            this.#near.unobserve(target);
            this.#whenNear.get(target)?.();
            this.#whenNear.delete(target);
        }
    }

    #isAtEnd() {
        return this.#scroller.scrollHeight - this.#scroller.scrollTop - this.#scroller.clientHeight < NEAR;
    }

    #toEnd(isSmooth = false) {
        this.#isFollowing = true;
        this.#jump.hidden = true;
        const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: isSmooth && !isCalm ? "smooth" : "instant" });
    }
}
