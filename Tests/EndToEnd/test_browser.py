"""The pages in a real browser: forms with and without JavaScript, replies that attack, accessibility."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PAGES = ["/chat"]
PICTURES = Path(__file__).resolve().parents[2] / "out" / "pages"

ATTACK = """
<script>document.title = "owned"</script> <img src=x onerror="document.title='owned'">
<svg onload="document.title='owned'"></svg> [click](javascript:document.title='owned')
![remote](http://127.0.0.1:1/spy.png) <form action="http://127.0.0.1:1/"><input></form>
<style>body { display: none }</style> <iframe src="http://127.0.0.1:1/"></iframe>
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """A page that fails its test for errors in its scripts, violations of its policy and requests elsewhere."""
    context = browser.new_context()
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: wrong.append(request.url) if "127.0.0.1:1/" in request.url else None)
    yield page
    context.close()
    assert not wrong


def ask(page: Page, gateway, prompt: str) -> None:
    page.goto(f"{gateway.url}/chat")
    page.get_by_label("Your key").fill(gateway.add_user())
    page.get_by_label("Prompt").fill(prompt)
    page.locator("button[type=submit], input[type=submit]").first.click()
    page.wait_for_selector("main.reply")


def test_a_prompt_typed_into_the_form_is_answered(page, gateway):
    ask(page, gateway, "Hello from a browser")
    assert "You said: Hello from a browser" in page.inner_text("main")


def test_the_forms_work_without_javascript(browser, gateway):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    ask(page, gateway, "Hello without scripts")
    assert "You said: Hello without scripts" in page.inner_text("main")
    context.close()


def test_code_in_a_reply_is_highlighted(page, gateway, upstream):
    upstream.script({"text": "Here:\n\n```python\ndef f():\n    return 'x'\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"})
    ask(page, gateway, "Show me code")
    assert page.inner_text("pre code span.hljs-keyword >> nth=0") == "def"
    assert page.locator("table td").count() == 2


def test_a_reply_full_of_attacks_does_nothing(page, gateway, upstream):
    upstream.script({"text": ATTACK + "a" * 200_000})
    ask(page, gateway, "Attack me")
    page.wait_for_load_state("networkidle")
    assert page.title() != "owned"
    assert page.locator("main script, main img, main form, main iframe, main svg, main style").count() == 0
    assert page.locator("main a[href^='javascript']").count() == 0
    assert page.locator("body").is_visible()


def test_a_key_in_the_query_fills_the_form_and_leaves_the_address_bar(page, gateway):
    key = gateway.add_user()
    page.goto(f"{gateway.url}/chat?user={key}")
    assert page.get_by_label("Your key").input_value() == key
    assert key not in page.url


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_and_is_accessible(browser, gateway, path, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(gateway.url + path)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{path.strip('/').replace('/', '-')}-{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out at the side"
    # axe is a script of its own, which the page's policy would not let in.
    relaxed = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    checked = relaxed.new_page()
    checked.goto(gateway.url + path)
    violations = Axe().run(checked).response["violations"]
    relaxed.close()
    context.close()
    assert not violations, [(item["id"], item["help"]) for item in violations]
