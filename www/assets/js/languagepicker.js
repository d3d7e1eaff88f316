// The choice of the language of the pages.

import { chooseLanguage, language, languages, t } from "./i18n.js";
import { el } from "./dom.js";
import { select } from "./field.js";

export function languagePicker() {
    const control = select(Object.entries(languages), {
        value: language, onchange: () => chooseLanguage(control.value),
    });
    return el("label", { class: "language" }, el("span", { class: "unseen" }, t("app.language")), control);
}
