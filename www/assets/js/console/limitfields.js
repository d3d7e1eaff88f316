// The fields of limits in a dialog: a number for each kind, empty for what the default says.

import { el } from "../dom.js";
import { field } from "../field.js";
import { t } from "../i18n.js";

const KINDS = [
    "requests_per_minute", "tokens_per_minute", "tokens_per_day", "tokens_per_month", "cost_per_month", "concurrent",
];

/**
 * @param prefix Goes before the names, so that several such sets can stand in one form.
 * @param isOpen Whether they are what the form is about.
 */
export function limitFields(legend, prefix, limits = {}, isOpen = false) {
    return el("details", { class: "limit-fields", open: isOpen || Object.keys(limits ?? {}).length > 0 },
        el("summary", {}, legend),
        !isOpen && el("p", { class: "quiet-text" }, t("limits.fields_hint")),
        KINDS.map((kind) => field(t(`limits.kind_${kind}`), el("input", {
            name: `${prefix}.${kind}`, inputMode: "decimal", pattern: "\\d*(\\.\\d+)?|-", autocomplete: "off",
            value: limits?.[kind] === null ? "-" : String(limits?.[kind] ?? ""),
        }))));
}

/** The limits that the fields hold: `-` is none at all. */
export function limitsFrom(values, prefix) {
    const limits = {};
    for (const kind of KINDS) {
        const text = values[`${prefix}.${kind}`].trim();
        if (text === "-") limits[kind] = null;
        else if (text) limits[kind] = Number(text);
    }
    return limits;
}
