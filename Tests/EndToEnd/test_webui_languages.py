"""The pages in every language."""

import re

import pytest
from playwright.sync_api import expect

from harness.webui import assert_fits, chromium, picture, visit

SIGN_IN = {"en-US": "Sign in", "de": "Anmelden", "es": "Iniciar sesión", "zh-TW": "登入", "ja": "サインイン",
           "ar": "تسجيل الدخول"}


def assert_no_raw_key(page) -> None:
    words = page.locator("body").inner_text().split()
    assert not [word for word in words if re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z0-9]+)*", word)]


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("tag", SIGN_IN)
def test_the_pages_speak_the_language_of_the_browser(visit, gateway, tag, width):
    key = gateway.add_user()
    gateway.talk(key, "Hello")
    page = visit(f"{gateway.url}/chat", language=tag, width=width)
    page.locator("input[name=key]").fill(key)
    page.get_by_role("button", name=SIGN_IN[tag]).click()
    page.locator(".composer").wait_for()
    html = page.locator("html")
    expect(html).to_have_attribute("lang", tag)
    expect(html).to_have_attribute("dir", "rtl" if tag == "ar" else "ltr")
    assert_no_raw_key(page)
    assert_fits(page)
    picture(page, f"language-{tag}-chat-{width}")
    if width == 360:
        page.locator(".desk-head > button").click()
        # All of it: it slides in.
        expect(page.locator(".side")).to_be_in_viewport(ratio=1)
        picture(page, f"language-{tag}-drawer-{width}")

    page = visit(f"{gateway.url}/admin", language=tag, width=width)
    page.locator("input[name=key]").fill(gateway.admin_key)
    page.get_by_role("button", name=SIGN_IN[tag]).click()
    page.get_by_role("tab").first.wait_for()
    assert_no_raw_key(page)
    assert_fits(page)
    picture(page, f"language-{tag}-console-{width}")


def test_a_chosen_language_is_remembered(visit, gateway):
    page = visit(f"{gateway.url}/chat")
    page.locator("select").select_option("de")
    page.get_by_role("button", name="Anmelden").wait_for()
    page.reload()
    page.get_by_role("button", name="Anmelden").wait_for()


def test_an_unknown_language_gets_the_operators(visit, launch):
    gateway = launch("a", webui_language="ja")
    page = visit(f"{gateway.url}/chat", language="fi-FI")
    page.get_by_role("button", name=SIGN_IN["ja"]).wait_for()
