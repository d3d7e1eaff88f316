"""Each page names all modules that its script needs, as `scripts/preload.py` writes them."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))
import preload  # noqa: E402

PAGES = sorted((ROOT / "www/pages").glob("*.html"))


@pytest.mark.parametrize("file", PAGES, ids=[file.name for file in PAGES])
def test_a_page_names_the_modules_of_its_script(file):
    page = file.read_text()
    assert preload.with_links(page) == page, "run scripts/preload.py"
    assert ("modulepreload" in page) == ("type=\"module\"" in page)
