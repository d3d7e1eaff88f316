// An access token that was found.

import { copyButton } from "../dialog.js";
import { el } from "../dom.js";
import { moment, t } from "../i18n.js";

export function tokenFound(token, expiry) {
    return el("section", { class: "card" },
        el("h2", { tabIndex: -1 }, t("token.found")),
        el("p", { class: "warning" }, t("token.warning")),
        el("code", { class: "secret", tabIndex: 0, "aria-label": t("token.token") }, token),
        el("p", {}, expiry ? t("token.expires", { date: moment(expiry) }) : t("token.expires_unknown")),
        el("div", { class: "buttons" }, copyButton(() => token, t("action.copy"), { class: "" })),
        el("p", { class: "quiet-text" }, t("token.next")));
}
