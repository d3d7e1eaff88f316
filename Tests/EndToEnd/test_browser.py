"""The pages in a real browser without scripts, reply pages that attack, accessibility."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PAGES = ["/chat", "/recall", "/access-token", "/admin/add-user"]
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
def plain(browser) -> Iterator[Page]:
    """A page in a browser whose person has switched scripts off."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


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


def reply_page(page: Page, gateway, prompt: str) -> None:
    """Opens the page that a reply is with `pretty`, as a link can."""
    page.goto(f"{gateway.url}/api/chat?" + urlencode({
        "user": gateway.add_user(), "prompt": prompt, "reply_only": "true", "pretty": "true"}))
    page.wait_for_selector("main.reply")


def test_the_form_of_the_chat_works_without_scripts(plain, gateway):
    plain.goto(f"{gateway.url}/chat")
    plain.get_by_label("Your key").fill(gateway.add_user())
    plain.get_by_label("Prompt").fill("Hello without scripts")
    plain.get_by_role("button", name="Send").click()
    plain.wait_for_selector("main.reply")
    assert "You said: Hello without scripts" in plain.inner_text("main")


def test_the_list_of_conversations_works_without_scripts(plain, gateway):
    key = gateway.add_user()
    reply = gateway.talk(key, "Keep this")
    plain.goto(f"{gateway.url}/recall")
    plain.get_by_label("Your key").fill(key)
    plain.get_by_role("button", name="Show").click()
    plain.wait_for_load_state()
    assert reply["conversation_id"] in plain.inner_text("body")


def test_an_admin_adds_a_user_without_scripts(plain, gateway):
    plain.goto(f"{gateway.url}/admin/add-user")
    plain.locator("[name=api_key]").fill(gateway.admin_key)
    plain.locator("[name=userid]").fill("browser-made")
    plain.locator("[name=username]").fill("Made in a browser")
    plain.locator("button[type=submit], input[type=submit]").first.click()
    plain.wait_for_load_state()
    key = gateway.secrets.keep(plain.locator("dd code").nth(1).inner_text())
    assert gateway.talk(key, "Hi")["api_user"] == "Made in a browser"


def test_code_in_a_reply_page_is_highlighted(page, gateway, upstream):
    upstream.script({"text": "Here:\n\n```python\ndef f():\n    return 'x'\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"})
    reply_page(page, gateway, "Show me code")
    assert page.inner_text("pre code span.hljs-keyword >> nth=0") == "def"
    assert page.locator("table td").count() == 2


def test_a_reply_page_full_of_attacks_does_nothing(page, gateway, upstream):
    upstream.script({"text": ATTACK + "a" * 200_000})
    reply_page(page, gateway, "Attack me")
    page.wait_for_load_state("networkidle")
    assert page.title() != "owned"
    assert page.locator("main script, main img, main form, main iframe, main svg, main style").count() == 0
    assert page.locator("main a[href^='javascript']").count() == 0
    assert page.locator("body").is_visible()


def show_form(route) -> None:
    """Gives a page as a browser without scripts has it."""
    answer = route.fetch()
    text = re.sub(r"</?noscript>|<script .*</script>|<link .*app.css.*>", "", answer.text())
    route.fulfill(response=answer, body=text)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_without_scripts_fits_and_is_accessible(browser, gateway, path, width, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=False)
    page = context.new_page()
    page.goto(gateway.url + path)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{path.strip('/').replace('/', '-')}-{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out at the side"
    # axe is a script of its own, which the page's policy would not let in, and sees nothing in `noscript`.
    relaxed = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    checked = relaxed.new_page()
    checked.route(gateway.url + path, show_form)
    checked.goto(gateway.url + path)
    checked.get_by_role("button").first.wait_for()
    violations = Axe().run(checked).response["violations"]
    relaxed.close()
    context.close()
    assert not violations, [(item["id"], item["help"]) for item in violations]
