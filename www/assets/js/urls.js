// Where the server is mounted, as the page says it, and what the address bar held.

const facts = document.documentElement.dataset;

/** The base path; begins and ends with a slash. */
export const base = facts.base;

/** The paths of the pages, with the base path. */
export const pages = {
    chat: facts.chat, recall: facts.recall, accessToken: facts.accessToken, addUser: facts.addUser,
    console: `${base}admin`, settings: `${base}settings`,
};

/** The operator's language for browsers that ask for none that exists. */
export const defaultLanguage = facts.language;

/** A path of the API with the base path in front. */
export function url(path) {
    return base + path.replace(/^\//, "");
}

/**
 * The query of the address, which is taken off the address bar and the history at once: keys may stand in it.
 *
 * Call it first of all. They only fill fields: a link must not sign anybody in by itself.
 */
export function takeQuery() {
    const query = new URLSearchParams(location.search);
    if (location.search) history.replaceState(null, "", location.pathname + location.hash);
    return query;
}
