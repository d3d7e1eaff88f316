// A bar at the top of the page while anything takes longer than a second.

const PATIENCE = 1000;
let running = 0;
let timer = 0;

export function began() {
    running += 1;
    if (running === 1) timer = setTimeout(() => show(true), PATIENCE);
}

export function ended() {
    running = Math.max(0, running - 1);
    if (running > 0) return;
    clearTimeout(timer);
    show(false);
}

function show(isShown) {
    const bar = document.getElementById("progress");
    if (bar) bar.hidden = !isShown;
}
