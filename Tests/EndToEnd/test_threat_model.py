"""docs/threat-model.md names tests that there are."""

import re

from harness.gateway import ROOT

TEXT = (ROOT / "docs" / "threat-model.md").read_text()
HERE = ROOT / "Tests" / "EndToEnd"


def test_every_named_place_is_there():
    named = re.findall(r"`((?:test_|hostile/|harness/|Tests/|deploy/)[^` ]*|Package\.swift)`", TEXT)

    missing = [name for name in named if not (ROOT / name).exists() and not (HERE / name).exists()]

    assert len(set(named)) > 25 and missing == []


def test_every_threat_says_what_shows_it_and_what_remains():
    rows = [line.split("|")[1:-1] for line in TEXT.partition("## Threats")[2].splitlines() if line.startswith("|")][2:]

    assert len(rows) > 30
    for row in rows:
        assert len(row) == 4 and all(cell.strip() for cell in row), row
