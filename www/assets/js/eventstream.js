// Reads `text/event-stream` from a fetched answer.

import { breathe } from "./pace.js";

/** The events of `answer` as `{name, data}`, data parsed as JSON; lines that are not JSON are passed over. */
export async function* events(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let name = "message";
    let data = [];
    while (true) {
        const { done, value } = await reader.read();
        if (done) return;
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        for (const raw of lines) {
            const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
            if (line === "") {
                const event = parsed(name, data);
                if (event) yield event;
                // What is here already comes without an end of the task: a click must get in between.
                await breathe();
                name = "message";
                data = [];
            } else if (line.startsWith("event:")) {
                name = line.slice(6).trim();
            } else if (line.startsWith("data:")) {
                data.push(line.slice(5).replace(/^ /, ""));
            }
        }
    }
}

function parsed(name, data) {
    if (!data.length) return null;
    try {
        return { name, data: JSON.parse(data.join("\n")) };
    } catch {
        return null;
    }
}
