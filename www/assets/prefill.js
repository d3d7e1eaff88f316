// Fills fields from the query (?user=…, ?access_token=…) and takes the query off the address bar and the history,
// because keys may stand in it. The forms work without this script.
"use strict";

const query = new URLSearchParams(location.search);
for (const field of document.querySelectorAll("[data-prefill]")) {
    for (const name of field.dataset.prefill.split(" ")) {
        const value = query.get(name);
        if (value && !field.value) {
            field.value = value;
        }
    }
}
if (location.search) {
    history.replaceState(null, "", location.pathname);
}
