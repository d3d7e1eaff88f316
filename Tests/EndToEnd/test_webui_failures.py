"""What the chat does about failures: it waits for those that pass, and tries again in place."""

import pytest
from playwright.sync_api import Page, expect

from harness.webui import WORDS, assert_accessible, chromium, picture, visit

TRY_AGAIN = WORDS["turn.retry"]


def chat(visit, gateway, **options) -> Page:
    return visit(f"{gateway.url}/chat", gateway.add_user(), **options)


def ask(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def answered(page: Page, count: int = 1) -> None:
    expect(page.get_by_role("button", name="Copy the reply")).to_have_count(count, timeout=15_000)


def refuse(page: Page, times: int, status: int, code: str, retry_after: int | None = None) -> list[dict]:
    """Lets the next chat requests fail before they reach the server; gives their bodies."""
    bodies: list[dict] = []

    def answer(route) -> None:
        bodies.append(route.request.post_data_json)
        if len(bodies) > times:
            route.continue_()
            return
        headers = {"Retry-After": str(retry_after)} if retry_after else {}
        route.fulfill(status=status, headers=headers, json={"status": "error", "code": code, "message": "No."})

    page.route("**/api/chat", answer)
    return bodies


@pytest.mark.parametrize(("code", "words"), [
    ("account_resting", "The account that began this conversation is resting."),
    ("no_account_available", "All accounts are busy or resting."),
])
def test_a_rest_is_counted_down_and_the_message_sent_by_itself(visit, gateway, code, words):
    page = chat(visit, gateway, bypass_csp=True)
    ask(page, "First")
    answered(page)
    bodies = refuse(page, 2, 503, code, retry_after=3)
    ask(page, "Second")
    note = page.locator(".note")
    expect(note.last).to_contain_text(f"{words} Your message is sent again in 3 seconds.")
    picture(page, f"chat-{code}")
    assert_accessible(page)
    expect(note.last).to_contain_text("in 2 seconds.")
    answered(page, 2)
    expect(page.locator(".thread")).to_contain_text("You said: Second")
    expect(page.locator(".turn .prompt")).to_have_text(["First", "Second"])
    assert [body["prompt"] for body in bodies] == ["Second"] * 3
    assert len({body["conversation_id"] for body in bodies}) == 1


def test_waiting_can_be_cut_short_and_given_up(visit, gateway):
    page = chat(visit, gateway)
    bodies = refuse(page, 2, 503, "no_account_available", retry_after=600)
    ask(page, "Urgent")
    expect(page.locator(".note")).to_contain_text("in 10 minutes")
    page.get_by_role("button", name=WORDS["chat.send_now"]).click()
    expect(page.locator(".note")).to_contain_text("in 10 minutes")
    page.get_by_role("button", name=WORDS["chat.stop_waiting"]).click()
    expect(page.locator(".note")).to_contain_text(WORDS["chat.wait_stopped"])
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    assert len(bodies) == 2
    page.get_by_role("button", name=TRY_AGAIN).click()
    answered(page)
    expect(page.locator(".turn .prompt")).to_have_text(["Urgent"])
    assert page.url.split("#")[1].startswith("c=")


def test_the_stop_button_ends_the_waiting(visit, gateway):
    page = chat(visit, gateway)
    refuse(page, 1, 503, "no_account_available", retry_after=600)
    ask(page, "Urgent")
    expect(page.locator(".note")).to_contain_text("in 10 minutes")
    page.get_by_role("button", name="Stop the reply").click()
    expect(page.locator(".note")).to_contain_text(WORDS["chat.wait_stopped"])


def test_a_failed_message_is_tried_again_in_its_place(visit, gateway):
    page = chat(visit, gateway)
    bodies = refuse(page, 3, 502, "upstream_failed")
    ask(page, "Please")
    for failed in (1, 2, 3):
        expect(page.locator(".note.is-problem")).to_be_visible()
        page.wait_for_function(f"document.querySelectorAll('.turn').length === 1")
        # The prompt stands once, and so does the offer.
        expect(page.get_by_label("Your message")).to_have_value("")
        assert page.locator("main").inner_text().count("Please") == 1
        assert page.locator("main").inner_text().count("Try again") == 1
        assert len(bodies) == failed
        page.get_by_role("button", name=TRY_AGAIN).click()
        expect(page.locator(".note.is-problem") if failed < 3 else page.locator(".turn.is-running")).to_have_count(
            1 if failed < 3 else 0)
    answered(page)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".note")).to_be_hidden()


def test_a_failed_message_makes_room_for_the_next_one(visit, gateway):
    page = chat(visit, gateway)
    refuse(page, 1, 502, "upstream_failed")
    ask(page, "Please")
    expect(page.locator(".note.is-problem")).to_be_visible()
    ask(page, "Something else")
    answered(page)
    expect(page.locator(".turn .prompt")).to_have_text(["Something else"])
    expect(page.locator(".recall-list li")).to_contain_text("1 turn")


def test_a_reply_that_broke_off_stays_and_is_asked_for_again_once(visit, launch, upstream):
    gateway = launch("a")
    page = chat(visit, gateway)
    upstream.script({"text": "one two three four five", "close_mid_stream": 3})
    ask(page, "Break off")
    page.get_by_role("button", name=TRY_AGAIN).click()
    # The only account may rest for some seconds, which the page waits for.
    expect(page.get_by_role("button", name="Copy the reply")).to_have_count(2, timeout=20_000)
    expect(page.get_by_role("button", name=TRY_AGAIN)).to_have_count(0)
    page.reload()
    answered(page, 2)


def test_stopping_before_anything_came_says_just_that(visit, gateway, upstream):
    page = chat(visit, gateway)
    upstream.script({"hang": True})
    ask(page, "Hello?")
    upstream.wait_in_flight(1)
    page.get_by_role("button", name="Stop the reply").click()
    expect(page.locator(".note")).to_contain_text(WORDS["chat.stopped_empty"])
    expect(page.get_by_role("button", name="Copy the reply")).to_have_count(0)
    ask(page, "Again")
    answered(page)
    expect(page.locator(".turn")).to_have_count(1)


def test_undo_opens_what_was_open(visit, gateway):
    page = chat(visit, gateway)
    ask(page, "Remember me")
    answered(page)
    page.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.locator(".turn")).to_have_count(0)
    toast = page.locator(".toast").bounding_box()
    field = page.locator(".composer").bounding_box()
    assert toast and field and toast["y"] + toast["height"] < field["y"], "the message does not cover the field"
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".turn .prompt")).to_have_text(["Remember me"])
    assert "#c=" in page.url
