"""A browser on the pages, as the tests see it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from .gateway import Gateway

ROOT = Path(__file__).resolve().parents[3]
PICTURES = ROOT / "out" / "pages"
#: The words of the pages by key, for those that many pages share.
WORDS = json.loads((ROOT / "www/locales/en-US.json").read_text())
#: What the pages of a test may not do.
Wrong = list[str]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages: `visit(url, key=…, width=360, scheme="dark")`, each in a browser context of its own.

    A page fails its test for errors in its scripts, violations of its policy and requests elsewhere.
    """
    contexts: list[BrowserContext] = []
    wrong: Wrong = []

    def visit(
            url: str, key: str | None = None, width: int = 1440, scheme: str = "light", language: str = "en-US",
            **options) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, locale=language, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        watch(page, wrong)
        page.goto(url)
        if key is not None:
            sign_in(page, key)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not wrong


def watch(page: Page, wrong: Wrong) -> None:
    origin: list[str] = []

    def said(message: ConsoleMessage) -> None:
        # The browser reports every refused request; those of the API are what many tests are about.
        is_refusal = message.text.startswith("Failed to load resource") and "/api/" in message.location["url"]
        if message.type == "error" and not is_refusal:
            wrong.append(message.text)

    def asked(url: str) -> None:
        origin.append("/".join(url.split("/")[:3]))
        if origin[-1] != origin[0] and not url.startswith(("blob:", "data:")):
            wrong.append(url)

    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", said)
    page.on("request", lambda request: asked(request.url))


def sign_in(page: Page, key: str) -> None:
    page.get_by_label(WORDS["form.key"]).fill(key)
    page.get_by_role("button", name=WORDS["signin.submit"]).click()
    page.get_by_role("button", name=WORDS["signin.submit"]).wait_for(state="detached")


def picture(page: Page, name: str) -> None:
    """Keeps how the page looks, for people."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen that was asked for: `innerWidth` grows with what sticks out on a phone."""
    width = page.viewport_size["width"]
    found = page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]")
    assert max(found) <= width, f"{found} of {width}"


def put_away(page: Page) -> None:
    """Closes the dialog of a key, which was not copied."""
    dialog = page.locator("dialog.once")
    dialog.get_by_role("button", name=WORDS["action.done"]).click()
    dialog.get_by_role("button", name=WORDS["action.close_uncopied"]).click()
    dialog.wait_for(state="detached")


def assert_accessible(page: Page) -> None:
    """axe finds nothing; the page's context needs `bypass_csp`, because axe is a script of its own."""
    violations = Axe().run(page).response["violations"]
    assert not violations, [(item["id"], item["help"], item["nodes"][0]["html"]) for item in violations]


def read_secret(page: Page, gateway: Gateway) -> str:
    """The key or token in the dialog or card that shows it."""
    return gateway.secrets.keep(page.locator("code.secret").inner_text())
