// Leaves the page time for the person: no work holds up a click for longer than a blink.

/** How long one piece of work may take before others are let in, in milliseconds. */
const SLICE = 12;

let last = performance.now();
const waiting = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => {
    last = performance.now();
    for (const go of waiting.splice(0)) go();
};

/** Resolves at once while little time has passed, else after the browser did what else there is to do. */
export function breathe() {
    return performance.now() - last < SLICE ? undefined : rest();
}

/** Resolves after the browser did what else there is to do: clicks, painting. */
export function rest() {
    return new Promise((resolve) => {
        waiting.push(resolve);
        channel.port2.postMessage(null);
    });
}
