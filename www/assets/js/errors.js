// Turns failures into sentences that say what to do next.

import { has, number, t } from "./i18n.js";

/** A sentence for `error` in the reader's language; the server's own where there is none. */
export function errorMessage(error) {
    const parts = [];
    if (has(`error.${error.code}`)) parts.push(t(`error.${error.code}`));
    else parts.push(error.message || t("error.unknown"));
    // Whose parameter it is stands in the server's sentence only.
    if (error.code === "invalid_parameter" && error.message) parts.splice(0, 1, error.message);
    if (error.retryAfter) parts.push(t("error.retry_after", { seconds: number(error.retryAfter) }));
    return parts.join(" ");
}

/** Whether the key is at fault, so that another one is needed. */
export function isUnauthorized(error) {
    // With a parameter it is the user that somebody acts for.
    return error.code === "invalid_key"
        || (["user_disabled", "client_disabled"].includes(error.code) && !error.parameter);
}

/** Whether the server does not have the function at all. */
export function isMissing(error) {
    return error.status === 404 && error.code === "not_found";
}
