// A text as a QR code, drawn by Debian's qrcode-generator.

import { base } from "./urls.js";
import { el } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
/** Light modules around the code, as ISO/IEC 18004 asks for. */
const QUIET = 4;

let library = null;

/** A drawing of `text`; null where the library is not there or the text does not fit. */
export async function qrCode(text, label) {
    try {
        library ??= load();
        await library;
        const code = globalThis.qrcode(0, "M");
        code.addData(text);
        code.make();
        return drawn(code, label);
    } catch {
        library = null;
        return null;
    }
}

/** It is a classic script, which a page may load only from its own server. */
function load() {
    return new Promise((resolve, reject) => {
        document.head.append(el("script", {
            src: `${base}lib/qrcode-generator/qrcode.js`, onload: resolve, onerror: reject,
        }));
    });
}

function drawn(code, label) {
    const count = code.getModuleCount();
    let path = "";
    for (let row = 0; row < count; row += 1) {
        for (let column = 0; column < count; column += 1) {
            if (code.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
        }
    }
    const size = count + 2 * QUIET;
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries({
        viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, class: "qr", "shape-rendering": "crispEdges",
    })) svg.setAttribute(name, value);
    const dark = document.createElementNS(SVG, "path");
    dark.setAttribute("d", path);
    svg.append(dark);
    return svg;
}
