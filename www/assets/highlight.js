// Colours the code of a reply page by its language. The page can be read without it.
"use strict";

for (const block of document.querySelectorAll("pre code")) {
    hljs.highlightBlock(block);
}
