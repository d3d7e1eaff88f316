// Speaks with the server: JSON out, JSON in, and failures as one kind of error.

import { url } from "./urls.js";
import { began, ended } from "./progress.js";

/** A request that failed. `code` is the server's, or `offline` where no answer came. */
export class APIError extends Error {
    constructor(message, { status = 0, code = "offline", requestID = "", parameter, retryAfter, conversationID } = {}) {
        super(message);
        Object.assign(this, { status, code, requestID, parameter, retryAfter, conversationID });
    }

    /** The error that a JSON error object of the server stands for. */
    static of(body, status) {
        // The OpenAI API wraps its errors.
        const error = body?.error?.message ? body.error : body;
        return new APIError(error?.message ?? "", {
            status, code: error?.code ?? `status_${status}`, requestID: body?.request_id ?? "",
            parameter: error?.parameter, conversationID: body?.conversation_id,
        });
    }
}

/** Who calls: set by the session. */
let key = null;

export function useKey(text) {
    key = text;
}

/** Sends `members` as JSON to `path` and gives the JSON answer. */
export async function post(path, members = {}, options = {}) {
    return whole(path, { method: "POST", body: JSON.stringify(members), ...options });
}

export async function get(path, options = {}) {
    return whole(path, { method: "GET", ...options });
}

/** Sends `members`, if there are any, as JSON to `path`; what the answer says is not needed. */
export async function request(method, path, members) {
    await send(path, { method, body: members && JSON.stringify(members) });
}

/** The answer's text, for exports. */
export async function postForText(path, members) {
    began();
    try {
        return await (await send(path, { method: "POST", body: JSON.stringify(members) })).text();
    } finally {
        ended();
    }
}

/** The answer as it begins: its status is good, its body has yet to be read. */
export async function send(path, { headers = {}, ...options }) {
    let answer;
    try {
        answer = await fetch(url(path), {
            ...options, cache: "no-store", credentials: "omit",
            headers: {
                ...headers, ...(options.body ? { "Content-Type": "application/json" } : {}),
                ...(key ? { Authorization: `Bearer ${key}` } : {}),
            },
        });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new APIError("", {});
    }
    if (answer.ok) return answer;
    const failure = APIError.of(await answer.json().catch(() => null), answer.status);
    failure.retryAfter = Number(answer.headers.get("Retry-After")) || undefined;
    failure.requestID ||= answer.headers.get("X-Request-Id") ?? "";
    throw failure;
}

async function whole(path, { isQuiet = false, ...options }) {
    if (!isQuiet) began();
    try {
        const answer = await send(path, options);
        return await answer.json();
    } catch (error) {
        if (error instanceof APIError || error.name === "AbortError") throw error;
        throw new APIError("", { code: "bad_answer" });
    } finally {
        if (!isQuiet) ended();
    }
}
