// Times as people say them: "in 5 minutes".

import { language } from "../i18n.js";

const units = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** How far `text`, an RFC 3339 time, is from now. */
export function relative(text, now = Date.now()) {
    const seconds = Math.round((new Date(text).getTime() - now) / 1000);
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units.at(-1);
    return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/** The same for a time that is known to the hour. */
export function relativeHours(text, now = Date.now()) {
    const hours = Math.max(0, Math.floor((now - new Date(text).getTime()) / 3_600_000));
    const [count, unit] = hours < 24 ? [hours, "hour"] : [Math.floor(hours / 24), "day"];
    return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-count, unit);
}
