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
# Comments and the literal parts of strings; what an interpolation names is a use.
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"""(?:\\.|.)*?"""|"(?:\\\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)|\\.|[^"\\\n])*"', re.DOTALL)
INTERPOLATION = re.compile(r"\\\(([^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)")


def code(text):
    """The text without its comments and with the interpolations of its strings only."""
    def replace(match):
        found = match.group(0)
        if found.startswith("/"):
            return ""
        return " ".join(INTERPOLATION.findall(found))
    return NOISE.sub(replace, text)


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
