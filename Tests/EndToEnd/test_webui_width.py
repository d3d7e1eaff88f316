"""No page is wider than the screen that was asked for, whatever a reply holds."""

import pytest
from playwright.sync_api import Page, expect

from harness.gateway import new_id
from harness.webui import assert_fits, chromium, picture, visit

WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
URL = "https://example.org/" + "a-path-without-an-end/" * 12
RICH = f"""# {WORD * 2}

A line with {WORD}, `{"code_without_a_blank" * 8}` and [a link]({URL}): {URL}

```python
{"x = some_function_with_a_name(argument_one, argument_two)  # " + "and a comment that goes on " * 12}
```

| {" | ".join(f"A wide column {number}" for number in range(12))} |
{"|---" * 12}|
| {" | ".join(f"some text {number}" for number in range(12))} |

$$ {" + ".join(f"a_{{{number}}} x^{{{number}}}" for number in range(40))} = 0 $$

Inline: ${" + ".join(f"b_{{{number}}}" for number in range(40))}$ is as wide.

> > - {WORD * 2}

{"漢字かな交じり文" * 30}

{"مرحبا بالعالم " * 30}

- {URL}
1. {"W" * 400}
"""
WIDTHS = [360, 768, 1024, 1440]
SCHEMES = ["light", "dark"]


@pytest.fixture(scope="module")
def reader(shared, stub):
    """A user with a conversation that is rich on both sides."""
    key = shared.add_user(f"reader-{new_id()}", username=WORD)
    stub.reset()
    stub.script({"text": RICH})
    shared.talk(key, f"{WORD * 3} {URL}")
    return key


def assert_nothing_sticks_out(page: Page, frame: str) -> None:
    """Neither of the page nor of `frame`; code, tables and formulas scroll in frames of their own."""
    assert_fits(page)
    widths = page.locator(frame).evaluate("it => [it.scrollWidth, it.clientWidth]")
    assert widths[0] <= widths[1], f"{frame} scrolls sideways: {widths}"


def assert_inside(page: Page, name: str) -> None:
    box = page.get_by_role("button", name=name, exact=True).bounding_box()
    width = page.viewport_size["width"]
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width, f"{name}: {box} of {width}"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_rich_reply_leaves_the_chat_as_wide_as_the_screen(visit, gateway, upstream, width, scheme):
    page = visit(f"{gateway.url}/chat", gateway.add_user(), width, scheme, is_mobile=width < 800, bypass_csp=True)
    upstream.script({"text": RICH, "piece_delay_ms": 8})
    page.get_by_label("Your message").fill(RICH)
    page.get_by_role("button", name="Send", exact=True).click()
    # While it comes as well as afterwards.
    page.locator(".turn.is-running .markdown h1").wait_for()
    for _ in range(5):
        assert_nothing_sticks_out(page, ".thread")
        assert_inside(page, "Stop the reply")
        page.wait_for_timeout(150)
    expect(page.get_by_role("button", name="Copy the reply")).to_have_count(1)
    page.locator(".markdown .scroll table").wait_for()
    page.locator(".markdown .code").wait_for()
    expect(page.locator(".markdown math")).to_have_count(2)
    assert_nothing_sticks_out(page, ".thread")
    assert_inside(page, "Send")
    picture(page, f"width-chat-{width}-{scheme}")

    page.reload()
    page.locator(".markdown .code").wait_for()
    assert_nothing_sticks_out(page, ".thread")
    assert_inside(page, "Send")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_rich_conversation_is_read_without_scrolling_sideways(visit, gateway, reader, width, scheme):
    page = visit(f"{gateway.url}/recall", reader, width, scheme, is_mobile=width < 800)
    page.locator(".recall-list a").first.click()
    page.locator(".markdown .code").wait_for()
    expect(page.locator(".markdown math")).to_have_count(2)
    picture(page, f"width-recall-{width}-{scheme}")
    assert_nothing_sticks_out(page, ".reading")


@pytest.mark.parametrize("path", ["/admin", "/admin#accounts", "/access-token", "/admin/add-user", "/recall"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_other_pages_are_as_wide_as_the_screen(visit, gateway, reader, width, path):
    page = visit(f"{gateway.url}/admin", gateway.admin_key, width, is_mobile=width < 800)
    page.goto(gateway.url + path)
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    picture(page, f"width{path.replace('/', '-').replace('#', '-')}-{width}")
    assert_nothing_sticks_out(page, "main")
