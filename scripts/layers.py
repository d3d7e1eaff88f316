#!/usr/bin/env python3
"""Checks that no layer of Sources/Core refers to a type of a layer above it.

Layers are folders, the lowest first. What counts is the names of types: every type that is declared at the top level
of a file belongs to the layer of that file, and may be named in that layer and in those above it. Extensions belong to
where they stand, not to their type.
"""

import re
import sys
from pathlib import Path

LAYERS = ["Support", "Model", "Settings", "Store", "Upstream", "Turns", "HTTP", "Handlers", "Gateway"]

DECLARATION = re.compile(
    r"^(?:(?:package|public|internal|private|fileprivate|final|indirect|@unchecked|@frozen)\s+)*"
    r"(?:class|struct|enum|actor|protocol|typealias)\s+([A-Z]\w*)", re.MULTILINE)


def code(text):
    """The text without its comments and without the literal parts of strings; what an interpolation names is a use."""
    kept = []

    def skip_to(end, start):
        found = text.find(end, start)
        return len(text) if found < 0 else found + len(end)

    def string(start):
        quote = '"""' if text.startswith('"""', start) else '"'
        place = start + len(quote)
        while place < len(text) and not text.startswith(quote, place):
            if text.startswith("\\(", place):
                kept.append(" ")
                place = scan(place + 2, ")")
            else:
                place += 2 if text[place] == "\\" else 1
        return place + len(quote)

    def scan(place, end):
        """Reads code up to the parenthesis that closes it, or to the end of the text; gives where it ended."""
        depth = 0
        while place < len(text):
            if text.startswith("//", place):
                place = skip_to("\n", place)
                kept.append("\n")
            elif text.startswith("/*", place):
                place = skip_to("*/", place)
            elif text[place] == '"':
                place = string(place)
            else:
                depth += (text[place] == "(") - (text[place] == ")")
                if depth < 0 and end:
                    return place + 1
                kept.append(text[place])
                place += 1
        return place

    scan(0, "")
    return "".join(kept)


def check(core):
    """The arrows upwards, as lines of text."""
    files = {}
    problems = []
    for path in sorted(core.rglob("*.swift")):
        folder = path.relative_to(core).parts[0]
        if folder not in LAYERS:
            problems.append(f"{path}: {folder} is no layer")
            continue
        files[path] = (LAYERS.index(folder), code(path.read_text()))
    # A name that several layers declare belongs to the lowest.
    layers = {}
    for layer, text in files.values():
        for match in DECLARATION.finditer(text):
            if "private " in match.group(0):
                continue
            name = match.group(1)
            layers[name] = min(layer, layers.get(name, layer))
    for path, (layer, text) in files.items():
        # `.Name` is a member of another type.
        used = set(re.findall(r"(?<![.\w])([A-Z]\w*)", text))
        own = set(re.findall(r"(?:class|struct|enum|actor|protocol|typealias|associatedtype)\s+([A-Z]\w*)", text))
        generic = set(re.findall(r"[<,]\s*([A-Z]\w*)\s*(?::[^<>]*)?>", text)) - layers.keys()
        for name in sorted(used - own - generic):
            if layers.get(name, -1) > layer:
                problems.append(f"{path}: {LAYERS[layer]} names {name} of {LAYERS[layers[name]]}")
    return problems


def main():
    core = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "Sources/Core"
    problems = check(core)
    for problem in problems:
        print(f"layers: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
