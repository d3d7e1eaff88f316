// Makes elements. Text is always text: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with properties, attributes and children.
 *
 * `on…` members are listeners, `class`, `aria-…`, `data-…` and the like are attributes, others are properties.
 */
export function el(tag, members = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(members)) {
        if (value === undefined || value === null) continue;
        // Some properties are true by default (spellcheck); anything else that is false is left out.
        if (value === false && typeof element[name] !== "boolean") continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name in element && name !== "list" && name !== "form") element[name] = value;
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
    return element;
}

/** A drawing that says nothing to a screen reader. */
export function icon(name) {
    const svg = document.createElementNS(SVG, "svg");
    for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon icon-${name}` })) {
        svg.setAttribute(key, value);
    }
    for (const line of shapes[name]) {
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", line);
        svg.append(path);
    }
    return svg;
}

/** A button that shows only a drawing; `label` is its name. */
export function iconButton(name, label, onclick, members = {}) {
    return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...members },
        icon(name));
}

/** An id for elements that refer to each other. */
export const newID = (() => {
    let last = 0;
    return (prefix) => `${prefix}-${++last}`;
})();

const shapes = {
    plus: ["M12 5v14", "M5 12h14"],
    search: ["M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14z", "M16 16l4.5 4.5"],
    menu: ["M4 7h16", "M4 12h16", "M4 17h16"],
    close: ["M6 6l12 12", "M18 6L6 18"],
    send: ["M12 19V5", "M6 11l6-6 6 6"],
    stop: ["M8 8h8v8H8z"],
    copy: ["M9 9h10v11H9z", "M15 9V4H5v11h4"],
    check: ["M5 13l4.5 4.5L19 7"],
    edit: ["M4 20l1-4L16.5 4.5l3 3L8 19z"],
    again: ["M20 11a8 8 0 1 0-2 6", "M20 5v6h-6"],
    code: ["M9 8l-4 4 4 4", "M15 8l4 4-4 4"],
    more: ["M5 12h.01", "M12 12h.01", "M19 12h.01"],
    trash: ["M5 7h14", "M9 7V4h6v3", "M7 7l1 13h8l1-13"],
    end: ["M12 5v13", "M6 13l6 6 6-6"],
    down: ["M12 4v11", "M7 11l5 5 5-5", "M5 20h14"],
    tune: ["M4 8h10", "M18 8h2", "M16 6v4", "M4 16h2", "M10 16h10", "M8 14v4"],
    leave: ["M14 5H6v14h8", "M10 12h10", "M17 8l4 4-4 4"],
    person: ["M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M4 21c1-5 4-7 8-7s7 2 8 7"],
};
