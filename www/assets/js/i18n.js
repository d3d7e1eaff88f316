// The words of the pages in the reader's language, and numbers and dates in its manner.

import { defaultLanguage, url } from "./urls.js";
import { keep, recall } from "./storage.js";

/** All languages by tag, each named by itself. */
export const languages = {
    "en-US": "English", "zh-TW": "繁體中文", de: "Deutsch", es: "Español", ja: "日本語", ar: "العربية",
};

const rightToLeft = new Set(["ar"]);
let words = {};

/** The tag of the language of the page. */
export let language = "en-US";

/** Loads the chosen language, else one that the browser asks for, else the operator's. */
export async function loadLanguage() {
    const wishes = [recall("browser", "language"), ...navigator.languages, defaultLanguage, "en-US"];
    language = wishes.map(match).find(Boolean);
    words = await load(language);
    // A language may not be there yet.
    if (!words) words = await load(language = "en-US") ?? {};
    document.documentElement.lang = language;
    document.documentElement.dir = rightToLeft.has(language) ? "rtl" : "ltr";
    translate(document);
}

async function load(tag) {
    const answer = await fetch(url(`locales/${tag}.json`));
    return answer.ok ? answer.json() : null;
}

/** Remembers a choice and shows the page in it. */
export function chooseLanguage(tag) {
    keep("browser", "language", tag);
    location.reload();
}

/** The text of `key`, its `{names}` replaced by `values`. */
export function t(key, values = {}) {
    // In a sentence from right to left, a name from left to right must not move what is around it (Unicode UAX 9).
    const isolate = rightToLeft.has(language) ? (value) => `\u2068${value}\u2069` : String;
    return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? isolate(values[name]) : whole));
}

/**
 * The text of `key` for `count` things. Its words are forms by CLDR's plural categories, `one=1 turn|other=# turns`, and
 * `#` is the number.
 */
export function plural(key, count) {
    const forms = new Map(t(key).split("|").map((form) => [form.slice(0, form.indexOf("=")), form.slice(form.indexOf("=") + 1)]));
    const form = forms.get(new Intl.PluralRules(language).select(count)) ?? forms.get("other") ?? key;
    return form.replace("#", number(count));
}

export function has(key) {
    return Object.hasOwn(words, key);
}

/** Fills the elements of a static page: `data-t` is text, `data-t-title` the page's title. */
export function translate(root) {
    for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
    const title = document.documentElement.dataset.title;
    if (title) document.title = `${t(title)} – ${t("app.name")}`;
}

export function number(value) {
    return new Intl.NumberFormat(language).format(value);
}

/** An amount of money; without a currency a plain number. */
export function amount(value, currency) {
    const style = currency ? { style: "currency", currency, maximumFractionDigits: value < 1 ? 6 : 2 } : {};
    return new Intl.NumberFormat(language, style).format(value);
}

/** Day and time of an RFC 3339 time. */
export function moment(text) {
    const date = new Date(text);
    if (Number.isNaN(date.getTime())) return "";
    return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** A short date for lists: the time of today, else the day. */
export function shortDate(text) {
    const date = new Date(text);
    if (Number.isNaN(date.getTime())) return "";
    const isToday = date.toDateString() === new Date().toDateString();
    const style = isToday ? { timeStyle: "short" } : { day: "numeric", month: "short" };
    return new Intl.DateTimeFormat(language, style).format(date);
}

/** The heading under which a conversation of that time stands. */
export function ageGroup(text) {
    const date = new Date(text);
    const midnight = new Date().setHours(0, 0, 0, 0);
    const days = Math.ceil((midnight - date.getTime()) / 86_400_000);
    if (days <= 0) return capital(new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(0, "day"));
    if (days === 1) return capital(new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-1, "day"));
    if (days <= 7) return t("list.week");
    return capital(new Intl.DateTimeFormat(language, { month: "long", year: "numeric" }).format(date));
}

function capital(text) {
    return text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
}

/** The language of ours that fits a browser's wish: the same tag, or the same language. */
function match(wish) {
    if (!wish) return undefined;
    const tags = Object.keys(languages);
    const lower = wish.toLowerCase();
    return tags.find((tag) => tag.toLowerCase() === lower)
        ?? tags.find((tag) => tag.split("-")[0].toLowerCase() === lower.split("-")[0]);
}
