// Labelled fields of forms.

import { el, newID } from "./dom.js";

/** A label, a control and an optional hint, tied together. */
export function field(label, control, hint) {
    control.id ||= newID("field");
    const parts = [el("label", { htmlFor: control.id }, label), control];
    if (hint) {
        const id = newID("hint");
        control.setAttribute("aria-describedby", id);
        parts.push(el("small", { id }, hint));
    }
    return el("div", { class: "field" }, parts);
}

/** A checkbox before its label. */
export function checkbox(label, members) {
    return el("label", { class: "check" }, el("input", { type: "checkbox", ...members }), el("span", {}, label));
}

/** A choice of `options` as `[value, label]`. */
export function select(options, members = {}) {
    const { value, ...others } = members;
    const control = el("select", others, options.map(([key, label]) => el("option", { value: key }, label)));
    if (value !== undefined) control.value = value;
    return control;
}
