"""`make layers` sees an arrow from a layer to one above it."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def check(core):
    """What the check says about a folder of sources."""
    return subprocess.run([ROOT / "scripts/layers.py", core], capture_output=True, text=True, timeout=60)


def write(core, files):
    for name, text in files.items():
        path = core / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_sources_have_no_arrow_upwards():
    outcome = check(ROOT / "Sources/Core")
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("use", [
    "let router: Router? = nil",
    "extension Router { var size: Int { 1 } }",
    "func f(_ all: [Router]) {}",
    "func f() { _ = Router() }",
    'let text = "\\(Router())"',
    'let text = "a \\(f(g(h(Router())))) b"',
    'let text = "\\(f("of \\(Router())"))"',
    'let text = """\n    \\(f(Router()))\n    """',
    "protocol P { associatedtype T: Router }",
])
def test_an_arrow_upwards_is_found(tmp_path, use):
    write(tmp_path, {"Gateway/Router.swift": "package struct Router {}\n", "Store/Store.swift": f"{use}\n"})
    outcome = check(tmp_path)
    assert outcome.returncode != 0
    assert "Store.swift: Store names Router of Gateway" in outcome.stderr


@pytest.mark.parametrize("use", [
    "// A Router comes later.",
    "/* Router */",
    'let text = "Router"',
    'let text = "\\(f(1)) Router"',
    'let text = """\n    Router\n    """',
    "struct Router {}\nlet b = Router()",
])
def test_words_that_are_no_use_are_passed_over(tmp_path, use):
    write(tmp_path, {"Gateway/Router.swift": "package struct Router {}\n", "Store/Store.swift": f"{use}\n"})
    assert check(tmp_path).returncode == 0


def test_an_arrow_downwards_is_fine(tmp_path):
    write(tmp_path, {"Support/Hex.swift": "enum Hex {}\n", "Gateway/Router.swift": "let hex = Hex.self\n"})
    assert check(tmp_path).returncode == 0


def test_a_folder_that_is_no_layer_is_refused(tmp_path):
    write(tmp_path, {"Misc/Thing.swift": "struct Thing {}\n"})
    assert check(tmp_path).returncode != 0
