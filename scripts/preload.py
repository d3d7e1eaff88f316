"""Writes into each page which modules its script needs, so that a browser asks for all of them at once."""

import re
from pathlib import Path

WWW = Path(__file__).resolve().parents[1] / "www"
IMPORT = re.compile(r"^(?:import|export)\s[^;]*?from \"([^\"]+)\";", re.M)
SCRIPT = re.compile(r"^ *<script type=\"module\" src=\"%BASE%(.+?)\"></script>\n", re.M)
LINK = re.compile(r"^ *<link rel=\"modulepreload\" .*\n", re.M)


def modules(entry: Path) -> list[Path]:
    """All modules that `entry` imports, also through others, nearest first."""
    found = [entry]
    for file in found:
        for name in IMPORT.findall(file.read_text()):
            path = (file.parent / name).resolve()
            if path not in found:
                found.append(path)
    return found[1:]


def with_links(page: str) -> str:
    """`page` with a link for each module of its script, in front of it."""
    script = SCRIPT.search(page)
    if not script:
        return page
    links = "".join(
        f"    <link rel=\"modulepreload\" href=\"%BASE%{path.relative_to(WWW)}\">\n"
        for path in modules(WWW / script[1]))
    return SCRIPT.sub(lambda found: links + found[0], LINK.sub("", page), count=1)


if __name__ == "__main__":
    for file in sorted(WWW.glob("pages/*.html")):
        file.write_text(with_links(file.read_text()))
