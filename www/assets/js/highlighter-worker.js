// Colours code and sets formulas in a thread of its own, which the page ends if a text makes it hang.
"use strict";

const library = new URL(location).searchParams.get("lib");
const loaded = new Set();

function load(path) {
    if (!loaded.has(path)) importScripts(`${library}${path}`);
    loaded.add(path);
}

function colour(text, language) {
    load("highlight.js/highlight.min.js");
    const isKnown = language && hljs.getLanguage(language);
    return isKnown ? hljs.highlight(language, text, true).value : null;
}

function formula(text, isDisplay) {
    load("katex/katex.min.js");
    // MathML alone needs no styles of its own, which our policy would refuse.
    return katex.renderToString(text, {
        output: "mathml", displayMode: isDisplay, throwOnError: false, trust: false, maxSize: 20, maxExpand: 200,
    });
}

onmessage = ({ data: { id, kind, text, detail } }) => {
    let html = null;
    try {
        html = kind === "formula" ? formula(text, detail) : colour(text, detail);
    } catch {
        // It stays as it is written.
    }
    postMessage({ id, html });
};
