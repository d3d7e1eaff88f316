"""The dialog that shows a key once does not lose it by a slip."""

from playwright.sync_api import Page, expect

from harness.gateway import new_id
from harness.webui import WORDS, assert_accessible, chromium, picture, read_secret, visit


def with_key(visit, gateway, **options) -> tuple[Page, str]:
    """A page that shows a new user's key."""
    page = visit(f"{gateway.url}/admin", gateway.admin_key, **options)
    page.get_by_role("button", name="Add user").click()
    page.get_by_label("User id").fill(new_id())
    page.get_by_label("Name", exact=True).fill("Somebody")
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    page.locator("dialog.once").wait_for()
    return page, read_secret(page, gateway)


def test_neither_escape_nor_a_click_beside_it_closes_the_dialog(visit, gateway):
    page, key = with_key(visit, gateway)
    secret = page.locator("code.secret")
    for _ in range(4):
        page.keyboard.press("Escape")
        page.mouse.click(5, 5)
    expect(secret).to_have_text(key)
    expect(page.get_by_role("alert").filter(has_text=WORDS["key.not_copied"])).to_be_visible()
    page.get_by_role("button", name=WORDS["action.close_uncopied"]).click()
    expect(page.locator("dialog")).to_have_count(0)


def test_done_asks_once_where_nothing_was_copied(visit, gateway):
    page, _ = with_key(visit, gateway)
    page.get_by_role("button", name=WORDS["action.done"]).click()
    expect(page.locator("code.secret")).to_be_visible()
    page.get_by_role("button", name=WORDS["action.close_uncopied"]).click()
    expect(page.locator("dialog")).to_have_count(0)


def test_a_copied_key_is_put_away_at_once(visit, gateway):
    page, key = with_key(visit, gateway, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=WORDS["action.copy"], exact=True).click()
    expect(page.get_by_role("button", name=WORDS["action.copied"])).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_key_copied_by_hand_counts(visit, gateway):
    page, _ = with_key(visit, gateway)
    page.locator("code.secret").click(click_count=3)
    page.keyboard.press("Control+C")
    page.get_by_role("button", name=WORDS["action.done"]).click()
    expect(page.locator("dialog")).to_have_count(0)


def test_the_key_is_printed_alone_and_drawn_as_a_code(visit, gateway):
    page, key = with_key(visit, gateway, bypass_csp=False)
    page.evaluate("window.print = () => (window.isPrinted = true)")
    page.get_by_role("button", name=WORDS["key.qr_show"]).click()
    drawing = page.get_by_role("img", name=WORDS["key.qr"])
    expect(drawing).to_be_visible()
    # A code of version 4 and up: 38 and more bytes need 33 modules, and 4 of quiet on each side.
    size = int(drawing.get_attribute("viewBox").split()[2])
    assert size >= 33 + 8 and drawing.locator("path").get_attribute("d").count("M") > 300
    picture(page, "key-qr")
    page.get_by_role("button", name=WORDS["action.print"]).click()
    assert page.evaluate("window.isPrinted")
    page.emulate_media(media="print")
    assert page.locator("code.secret").is_visible() and drawing.is_visible()
    assert not page.locator("main").is_visible() and not page.locator(".app-header").is_visible()
    page.emulate_media(media="screen")
    page.get_by_role("button", name=WORDS["action.done"]).click()
    expect(page.locator("dialog")).to_have_count(0)
    assert key not in page.content()


def test_the_dialog_is_accessible(visit, gateway):
    page, _ = with_key(visit, gateway, bypass_csp=True, width=360)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=WORDS["key.qr_show"]).click()
    page.get_by_role("img", name=WORDS["key.qr"]).wait_for()
    assert_accessible(page)
    picture(page, "key-360")
