// What of a text the server renders, and where a longer one may be cut: the same bounds as its own.

/** In bytes of UTF-8, as `MarkdownBounds.length` on the server. */
export const LONGEST = 65_536;

/** How many quotes and lists may begin on one line, as `MarkdownBounds.depth`. */
const DEEPEST = 100;

const encoder = new TextEncoder();

/** The length of `text` in bytes of UTF-8. */
export function bytes(text) {
    return encoder.encode(text).length;
}

/** Whether the server renders `text`. */
export function isRenderable(text) {
    if (text.length > LONGEST) return false;
    // A UTF-16 unit is three bytes at most.
    if (text.length * 3 > LONGEST && bytes(text) > LONGEST) return false;
    return !text.split(/[\r\n]/).some((line) => depth(line) > DEEPEST);
}

/** How many quotes and lists a line begins. */
function depth(line) {
    // A line of one mark alone is a rule.
    if (/^(?:[-\t ]*|[*\t ]*)$/.test(line)) return 0;
    let count = 0;
    let isAfterMark = false;
    for (const character of line) {
        if (character === ">") count += 1;
        else if (character === " " || character === "\t") count += isAfterMark ? 1 : 0;
        else if (!"-*+.)0123456789".includes(character)) return count;
        isAfterMark = "-*+.)".includes(character);
    }
    return count;
}

/** The begin or the end of code. */
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/** What goes on with the block before a blank line: what is indented, lists, quotes and tables. */
const GOES_ON = /^(?:\s|[>|]|[-*+](?:\s|$)|\d{1,9}[.)](?:\s|$))/;

/** A formula that is longer, in UTF-16 units, was two stray signs. */
const LONGEST_FORMULA = 4000;

/**
 * Where blocks of `text` end for good, so that both sides can be rendered alone: after blank lines outside of code,
 * formulas, lists and quotes. Offsets in UTF-16 units, ascending.
 */
export function cuts(text) {
    const found = [];
    let fence = null;
    let formula = -Infinity;
    let isAfterBlank = false;
    let begin = 0;
    while (begin < text.length) {
        let end = text.indexOf("\n", begin);
        end = end < 0 ? text.length : end + 1;
        const line = text.slice(begin, Math.min(end, begin + 4096));
        const isBlank = line.trim() === "";
        if (isAfterBlank && !isBlank && !fence && begin - formula > LONGEST_FORMULA && !GOES_ON.test(line)) found.push(begin);
        const mark = FENCE.exec(line)?.[1];
        if (fence) {
            if (mark?.startsWith(fence) && line.trim() === mark) fence = null;
        } else if (mark) {
            fence = mark;
        } else if (line.replace(/`[^`]*`/g, "").match(/\$\$|\\\[|\\\]/g)?.length % 2) {
            formula = begin - formula > LONGEST_FORMULA ? begin : -Infinity;
        }
        isAfterBlank = isBlank;
        begin = end;
    }
    return found;
}

/** `text` in pieces of at most `length` bytes each, as far as there are places to cut. */
export function pieces(text, length = LONGEST) {
    const found = [];
    const ends = [...cuts(text), text.length];
    let begin = 0;
    let end = 0;
    let size = 0;
    for (const next of ends) {
        const more = bytes(text.slice(end, next));
        if (size + more > length && end > begin) {
            found.push(text.slice(begin, end));
            begin = end;
            size = 0;
        }
        size += more;
        end = next;
    }
    if (end > begin) found.push(text.slice(begin, end));
    return found;
}
