// The users that a key may see, fetched page by page and searched here: the server's list has no search.

import { began, ended } from "../progress.js";
import { endpoint } from "../session.js";
import { post } from "../api.js";

/** A page of the server's list when something is looked for. */
const PAGE = 500;
/** After so many pages a search waits to be asked for more. */
const PATIENCE = 20;

export class PagedTable {
    /** All users that were fetched and are of this kind, newest first. */
    users = [];
    /** Whether the server has no more. */
    isWhole = false;
    #next = null;
    #running = null;
    #isOfKind;
    #members;

    /**
     * @param isOfKind Says whether a user belongs here.
     * @param members Parameters of the list: `owner`.
     */
    constructor(isOfKind, members = {}) {
        this.#isOfKind = isOfKind;
        this.#members = members;
    }

    /** The fetched users in whose names or ids every word of `text` stands. */
    found(text) {
        const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
        return this.users.filter((user) => {
            const names = [user.user_id, user.username, user.owner, ...user.keys.map((key) => key.last_four)];
            const all = names.join("\n").toLocaleLowerCase();
            return words.every((word) => all.includes(word));
        });
    }

    /** Fetches until `count` users fit `text`, the server has no more, or `isWanted` says no. */
    async reach(count, text, isWanted = () => true) {
        began();
        try {
            for (let page = 0; page < PATIENCE && isWanted(); page += 1) {
                if (this.isWhole || this.found(text).length >= count) return;
                // Two searches at once share a page: the cursor must not move twice.
                this.#running ??= this.#fetch().finally(() => (this.#running = null));
                await this.#running;
            }
        } finally {
            ended();
        }
    }

    async #fetch() {
        const cursor = this.#next ? { before: this.#next } : {};
        const { users, next } = await post(endpoint("users"), { limit: PAGE, ...cursor, ...this.#members });
        this.users.push(...users.filter(this.#isOfKind));
        this.#next = next;
        this.isWhole = next === null;
    }

    /** Puts what the server now says of a user in the place of what it said before. */
    replace(user) {
        this.users = this.users.map((other) => (isSame(other, user) ? user : other));
    }

    remove(user) {
        this.users = this.users.filter((other) => !isSame(other, user));
    }
}

/** A `user_id` is unique within its owner only. */
export function isSame(one, other) {
    return one.user_id === other.user_id && one.owner === other.owner;
}
