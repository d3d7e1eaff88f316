// Colours code and sets formulas in a thread of its own, which the page ends if a text makes it hang.
"use strict";

importScripts(`${new URL(location).searchParams.get("lib")}highlight.js/highlight.min.js`);

onmessage = ({ data: { id, text, language } }) => {
    const isKnown = language && hljs.getLanguage(language);
    postMessage({ id, html: isKnown ? hljs.highlight(language, text, true).value : null });
};
