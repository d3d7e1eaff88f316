"""The words of the pages: what the scripts ask for is there."""

import json
import re
from pathlib import Path

import pytest

WWW = Path(__file__).resolve().parents[2] / "www"
ENGLISH = json.loads((WWW / "locales/en-US.json").read_text())
#: A key in a call, or whole in a string: a prefix that a word is added to ends with something else.
CALLED = re.compile(r"\b(?:t|plural)\(\s*(?:[\w.!?() =]+\? )?\"([a-z]+\.[a-z_]+)\"(?:\s*:\s*\"([a-z]+\.[a-z_]+)\")?")


def used_in(file: Path) -> set[str]:
    text = file.read_text()
    found = {key for match in CALLED.findall(text) for key in match if key}
    return found | set(re.findall(r"data-(?:t|title)=\"([a-z]+\.[a-z_]+)\"", text))


FILES = sorted([*WWW.glob("assets/js/**/*.js"), *WWW.glob("pages/*.html")])


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_every_key_that_a_file_uses_has_words(file):
    assert not used_in(file) - set(ENGLISH)


def test_the_words_are_flat_sorted_and_not_empty():
    assert list(ENGLISH) == sorted(ENGLISH)
    assert all(isinstance(words, str) and words.strip() for words in ENGLISH.values())


def test_most_keys_are_found_by_this_test():
    found = set().union(*map(used_in, FILES))
    assert len(found) > 100, "the pattern of a call does not fit any more"


LANGUAGES = sorted(WWW.glob("locales/*.json"))


@pytest.mark.parametrize("file", LANGUAGES, ids=[file.stem for file in LANGUAGES])
def test_every_language_has_all_words_with_their_places(file):
    words = json.loads(file.read_text())
    assert list(words) == list(ENGLISH)
    for key, text in words.items():
        assert text.strip(), key
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", ENGLISH[key])), key
    if file.stem != "en-US":
        same = [key for key in words if words[key] == ENGLISH[key]]
        assert len(same) < 30, same


def test_every_language_can_be_chosen():
    script = (WWW / "assets/js/i18n.js").read_text()
    listed = re.search(r"export const languages = \{(.*?)\};", script, re.S)[1]
    tags = {tag or other for tag, other in re.findall(r"\"([\w-]+)\":|\b([a-z]{2}):", listed)}
    assert tags == {file.stem for file in LANGUAGES}
