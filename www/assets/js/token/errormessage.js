// Why a sign-in at ChatGPT failed, and what to do next.

import { has, number, t } from "../i18n.js";
import { errorMessage } from "../errors.js";

export function tokenErrorMessage(error) {
    const key = `token.error_${error.code}`;
    if (!has(key)) return errorMessage(error);
    const wait = error.retryAfter ? ` ${t("token.retry_after", { seconds: number(error.retryAfter) })}` : "";
    return t(key) + wait;
}
