// Charts by Debian's Chart.js, which is loaded with the first of them.

import { base } from "../urls.js";
import { el } from "../dom.js";
import { number } from "../i18n.js";

/** Told apart in light and dark, and by people who see no red or green (Okabe and Ito). */
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a300", "#7f7f7f"];

let library = null;

/**
 * Draws stacked bars into `canvas`.
 *
 * @param series `{label, values}`, each with a value for each of `labels`.
 * @returns What `destroy()` takes away again; null where the library is not there: the table has the same figures.
 */
export async function stackedBars(canvas, labels, series) {
    try {
        library ??= load();
        await library;
    } catch {
        library = null;
        canvas.hidden = true;
        return null;
    }
    const style = getComputedStyle(canvas);
    const [text, line] = [style.getPropertyValue("--quiet"), style.getPropertyValue("--line")];
    const axis = { stacked: true, grid: { color: line }, ticks: { color: text } };
    return new globalThis.Chart(canvas, {
        type: "bar",
        data: {
            labels,
            datasets: series.map(({ label, values }, at) => ({
                label, data: values, backgroundColor: COLOURS[at % COLOURS.length], maxBarThickness: 32,
            })),
        },
        options: {
            animation: false, maintainAspectRatio: false, responsive: true,
            scales: { x: axis, y: { ...axis, ticks: { ...axis.ticks, callback: (value) => number(value) } } },
            plugins: { legend: { labels: { color: text } } },
        },
    });
}

/** It is a classic script, which a page may load only from its own server. */
function load() {
    return new Promise((resolve, reject) => {
        document.head.append(el("script", {
            src: `${base}lib/chart.js/chart.min.js`, onload: resolve, onerror: reject,
        }));
    });
}
