"""The page for access tokens in a browser, against the simulated service."""

import pytest

from harness.chatgpt import launch, simulated, simulator
from harness.simulator import ACCOUNTS
from harness.webui import WORDS, assert_accessible, assert_fits, chromium, picture, visit


@pytest.fixture
def ready(launch):
    return launch("a", workers=2)


def fill(page, name: str, **members) -> None:
    account = {**ACCOUNTS[name], **members}
    page.get_by_label("E-mail of the ChatGPT account").fill(account["email"])
    page.get_by_label("Password of the ChatGPT account").fill(account["password"])
    send(page)


def send(page) -> None:
    page.get_by_role("button", name="Get the token").click()


def test_a_token_comes_with_its_expiry_a_warning_and_a_way_to_copy_it(visit, ready, simulator):
    page = visit(f"{ready.url}/access-token", permissions=["clipboard-read", "clipboard-write"])

    page.get_by_label(WORDS["form.key"]).fill(ready.add_user())
    fill(page, "b")
    page.get_by_role("heading", name="Your access token").wait_for()

    token = page.locator("code.secret").inner_text()
    simulator.secrets.add(token)
    assert token.startswith("eyJ")
    assert page.get_by_text("It expires on").is_visible()
    assert page.get_by_text("Whoever has this token can use your ChatGPT account").is_visible()
    page.get_by_role("button", name=WORDS["action.copy"]).click()
    page.get_by_role("button", name=WORDS["action.copied"]).wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == token
    assert page.get_by_label("Password of the ChatGPT account").input_value() == ""
    assert ACCOUNTS["b"]["password"] not in page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
    assert token not in page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")


def test_a_one_time_code_is_asked_for_and_everything_else_stays(visit, ready, simulator):
    page = visit(f"{ready.url}/access-token")

    page.get_by_label(WORDS["form.key"]).fill(ready.add_user())
    fill(page, "mfa")
    page.get_by_role("alert").get_by_text("one-time code").wait_for()
    assert page.get_by_label("One-time code").evaluate("element => element === document.activeElement")
    page.get_by_label("One-time code").fill("000000")
    send(page)
    page.get_by_role("alert").get_by_text("was refused").wait_for()
    assert page.get_by_label("One-time code").input_value() == ""
    assert page.get_by_label("E-mail").input_value() == ACCOUNTS["mfa"]["email"]
    assert page.get_by_label("Password").input_value() == ACCOUNTS["mfa"]["password"]
    page.get_by_label("One-time code").fill(ACCOUNTS["mfa"]["mfa_code"])
    page.keyboard.press("Enter")

    page.get_by_role("heading", name="Your access token").wait_for()
    assert page.locator("code.secret").inner_text().startswith("eyJ")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_what_comes_back_fits_and_is_accessible(visit, ready, simulator, width, scheme):
    page = visit(f"{ready.url}/access-token", None, width, scheme, bypass_csp=True)

    page.get_by_label(WORDS["form.key"]).fill(ready.add_user())
    fill(page, "mfa")
    page.get_by_role("alert").get_by_text("one-time code").wait_for()
    picture(page, f"access-token-code-{width}-{scheme}")
    assert_accessible(page)
    page.get_by_label("One-time code").fill(ACCOUNTS["mfa"]["mfa_code"])
    send(page)
    page.get_by_role("heading", name="Your access token").wait_for()

    picture(page, f"access-token-found-{width}-{scheme}")
    assert_fits(page)
    assert_accessible(page)


@pytest.mark.parametrize(("name", "members", "sentence"), [
    ("b", {"password": "wrong"}, "E-mail or password are wrong."),
    ("captcha", {}, "captcha"),
    ("blocked", {}, "has blocked this account"),
    ("closed", {}, "was deactivated"),
    ("abroad", {}, "does not serve the country"),
])
def test_every_refusal_of_an_account_has_a_sentence_of_its_own(visit, ready, simulator, name, members, sentence):
    page = visit(f"{ready.url}/access-token")

    page.get_by_label(WORDS["form.key"]).fill(ready.add_user())
    fill(page, name, **members)

    page.get_by_role("alert").get_by_text(sentence).wait_for()
    assert page.locator("code.secret").count() == 0


@pytest.mark.parametrize(("fault", "sentence"), [
    ("ratelimit_signin", "limits sign-ins for now. Try again in"), ("bounce", "automated"),
])
def test_every_refusal_of_the_service_has_a_sentence_of_its_own(visit, ready, simulator, fault, sentence):
    simulator.next(fault)
    page = visit(f"{ready.url}/access-token")

    page.get_by_label(WORDS["form.key"]).fill(ready.add_user())
    fill(page, "b")

    page.get_by_role("alert").get_by_text(sentence).wait_for()


def test_a_wrong_key_is_said_at_its_field(visit, ready, simulator):
    page = visit(f"{ready.url}/access-token?user=sk-cas-wrong")

    assert "sk-cas" not in page.url
    assert page.get_by_label(WORDS["form.key"]).input_value() == "sk-cas-wrong"
    fill(page, "b")
    page.get_by_role("alert").get_by_text(WORDS["error.invalid_key"]).wait_for()

    assert page.get_by_label(WORDS["form.key"]).evaluate("element => element === document.activeElement")
    assert page.get_by_label("Password").input_value() == ACCOUNTS["b"]["password"]
    assert not simulator.paths("/u/login/password")


def test_too_many_tries_are_said_with_the_time_to_wait(visit, ready, simulator):
    page = visit(f"{ready.url}/access-token")

    page.get_by_label(WORDS["form.key"]).fill(ready.add_user())
    fill(page, "b", password="wrong")
    for _ in range(5):
        page.get_by_role("button", name="Get the token", disabled=False).wait_for()
        send(page)

    page.get_by_role("alert").get_by_text("five a minute are allowed. Try again in").wait_for()


def test_a_key_in_the_link_does_not_end_the_session(visit, ready):
    page = visit(f"{ready.url}/recall", ready.add_user(username="Ursula"))

    page.goto(f"{ready.url}/access-token?user=sk-cas-wrong")
    assert page.get_by_label(WORDS["form.key"]).input_value() == "sk-cas-wrong"
    page.goto(f"{ready.url}/access-token")

    page.get_by_text("Signed in as Ursula.").wait_for()
    assert page.get_by_label(WORDS["form.key"]).count() == 0
