// Lets only harmless elements through, after the server has done so already.

const allowed = {
    A: ["href"], BLOCKQUOTE: [], BR: [], CODE: ["class"], DEL: [], EM: [], H1: [], H2: [], H3: [], H4: [], H5: [], H6: [],
    HR: [], INPUT: ["type", "checked", "disabled"], LI: [], OL: ["start"], P: [], PRE: [], SPAN: ["class"], STRONG: [],
    TABLE: [], TBODY: [], TD: ["align"], TH: ["align"], THEAD: [], TR: [], UL: [],
};
const formulas = [
    "math", "semantics", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "msup", "msub", "msubsup", "mfrac", "msqrt",
    "mroot", "mover", "munder", "munderover", "mtable", "mtr", "mtd", "mpadded", "mphantom", "menclose", "mstyle",
];
const formulaAttributes = [
    "display", "mathvariant", "stretchy", "fence", "separator", "accent", "accentunder", "linethickness", "columnalign",
    "rowspacing", "columnspacing", "displaystyle", "scriptlevel", "width", "height", "lspace", "rspace", "minsize",
    "maxsize", "notation", "symmetric", "movablelimits", "largeop",
];
const schemes = /^(https?:|mailto:|#)/i;

/** The nodes of `html` without anything that could run, load, submit or restyle. */
export function safeNodes(html) {
    // A parsed document is inert: it runs no scripts and loads nothing.
    const parsed = new DOMParser().parseFromString(html, "text/html");
    for (const element of [...parsed.body.querySelectorAll("*")]) clean(element);
    return [...parsed.body.childNodes].map((node) => document.importNode(node, true));
}

function clean(element) {
    const isFormula = formulas.includes(element.localName);
    const kept = isFormula ? formulaAttributes : allowed[element.tagName];
    if (!kept || (element.tagName === "INPUT" && element.getAttribute("type") !== "checkbox")) {
        if (["annotation", "script", "style", "template"].includes(element.localName)) element.remove();
        else element.replaceWith(...element.childNodes);
        return;
    }
    for (const { name } of [...element.attributes]) {
        if (!kept.includes(name)) element.removeAttribute(name);
    }
    if (element.tagName === "A") restrain(element);
    if (element.tagName === "INPUT") element.disabled = true;
}

function restrain(link) {
    if (!schemes.test(link.getAttribute("href") ?? "")) link.removeAttribute("href");
    link.rel = "noopener noreferrer nofollow";
    link.target = "_blank";
}
