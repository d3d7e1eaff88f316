// The users that the server finds, page by page.

import { endpoint } from "../session.js";
import { post } from "../api.js";

const PAGE = 50;

export class UserList {
    /** Those that were fetched. */
    users = [];
    /** How many there are in all; null until that is known. */
    total = null;
    #next = null;
    #query;

    /** @param query Parameters of the list: `q`, `owner`, `role`, `plus`, `disabled`, `sort`, `order`. */
    constructor(query) {
        this.#query = query;
    }

    get isWhole() {
        return this.total !== null && this.#next === null;
    }

    /** Fetches the next page. */
    async fetch() {
        const cursor = this.#next ? { before: this.#next } : {};
        const { users, total, next } = await post(endpoint("users"), { limit: PAGE, with: "usage", ...this.#query, ...cursor });
        this.users.push(...users);
        this.total = total;
        this.#next = next;
    }

    /** Puts what the server now says of a user in the place of what it said before. */
    replace(user) {
        // Answers to changes do not say what was used.
        this.users = this.users.map((other) => (isSame(other, user) ? { ...other, ...user } : other));
    }

    remove(user) {
        const left = this.users.filter((other) => !isSame(other, user));
        this.total -= this.users.length - left.length;
        this.users = left;
    }
}

/** A `user_id` is unique within its owner only. */
export function isSame(one, other) {
    return one.user_id === other.user_id && one.owner === other.owner;
}
