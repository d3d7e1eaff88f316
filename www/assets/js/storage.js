// What a browser keeps for us: the key for this tab only, the language and drafts.

const boxes = { tab: "sessionStorage", browser: "localStorage" };

/** The value of `name`; null if there is none or the browser keeps nothing. */
export function recall(box, name) {
    try {
        return window[boxes[box]].getItem(`chatgpt-api-server.${name}`);
    } catch {
        return null;
    }
}

/** Keeps `value` under `name`; null forgets it. */
export function keep(box, name, value) {
    try {
        if (value === null || value === "") window[boxes[box]].removeItem(`chatgpt-api-server.${name}`);
        else window[boxes[box]].setItem(`chatgpt-api-server.${name}`, value);
    } catch {
        // A browser that keeps nothing still works, for one page.
    }
}
