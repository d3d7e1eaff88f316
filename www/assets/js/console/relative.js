// Times as people say them: "in 5 minutes".

import { language } from "../i18n.js";

const units = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** How far `text`, an RFC 3339 time, is from now. */
export function relative(text, now = Date.now()) {
    const seconds = Math.round((new Date(text).getTime() - now) / 1000);
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units.at(-1);
    return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}
