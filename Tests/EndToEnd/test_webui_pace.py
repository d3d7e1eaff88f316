"""The chat stays quick: long and fast replies, long conversations, slow machines and slow networks."""

import time

import pytest
from playwright.sync_api import Page, expect

from harness.gateway import new_id
from harness.webui import WORDS, chromium, sign_in, visit

pytestmark = pytest.mark.alone

#: What a page may do in one go, in milliseconds. It was 4,500 and more before painting had a pace of its own; a quiet
#: machine needs less than 150.
LONGEST_TASK = 450
WATCH = """
window.tasks = [];
new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask", buffered: true });
"""
PROSE = " ".join(
    f"word{number}" + (".\n\n" if number % 60 == 59 else "") for number in range(2000))


def slow_down(page: Page, times: int = 4) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": times})


def longest_task(page: Page) -> float:
    return max(page.evaluate("window.tasks"), default=0)


def chat(visit, gateway, **options) -> Page:
    return visit(f"{gateway.url}/chat", gateway.add_user(), **options)


def ask(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def answered(page: Page, count: int = 1, patience: float = 30) -> None:
    expect(page.get_by_role("button", name="Copy the reply")).to_have_count(count, timeout=patience * 1000)


def test_two_thousand_fast_tokens_on_a_slow_machine_come_in_time(visit, gateway, upstream):
    page = chat(visit, gateway)
    slow_down(page)
    page.evaluate(WATCH)
    upstream.script({"text": PROSE, "piece_delay_ms": 2})
    begin = time.monotonic()
    ask(page, "Go")
    answered(page)
    took = time.monotonic() - begin
    print(f"2,000 tokens: {took:.1f} s, longest task {longest_task(page):.0f} ms")
    expect(page.locator(".markdown")).to_contain_text("word1999")
    assert longest_task(page) < LONGEST_TASK
    assert took < 10


def test_stop_works_in_the_middle_of_fast_tokens(visit, gateway, upstream):
    page = chat(visit, gateway)
    slow_down(page)
    upstream.script({"text": PROSE * 20, "piece_delay_ms": 2})
    ask(page, "Go")
    page.locator(".turn.is-running").get_by_text("word50").first.wait_for()
    begin = time.monotonic()
    page.get_by_role("button", name="Stop the reply").click()
    expect(page.locator(".note")).to_contain_text("You stopped this reply. What had come is kept.")
    took = time.monotonic() - begin
    print(f"Stop took {took:.2f} s")
    assert took < 3
    assert "word1999" not in page.locator(".markdown").inner_text()


def test_whoever_reads_the_end_stays_there_and_whoever_scrolled_up_stays_too(visit, gateway, upstream):
    page = chat(visit, gateway)
    upstream.script({"text": PROSE, "piece_delay_ms": 2})
    ask(page, "Go")
    page.locator(".turn.is-running").get_by_text("word700").first.wait_for()
    distance = "it => it.scrollHeight - it.scrollTop - it.clientHeight"
    assert page.locator(".thread").evaluate(distance) < 200
    page.locator(".thread").hover()
    page.mouse.wheel(0, -600)
    expect(page.get_by_role("button", name="Go to the end")).to_be_visible()
    answered(page)
    assert page.locator(".thread").evaluate(distance) > 400
    page.get_by_role("button", name="Go to the end").click()
    expect(page.get_by_role("button", name="Go to the end")).to_be_hidden()


def long_conversation(turns: int) -> dict:
    reply = "## Heading\n\nSome **bold** text with `code`.\n\n- one\n- two\n\n```python\nprint(1)\n```\n\n" + "A sentence. " * 60
    return {
        "status": "success", "conversation_id": "long", "title": "Long", "system": None,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "turns": [{
            "prompt": f"Question {number}", "reply": f"Answer {number}\n\n{reply}", "outcome": "complete",
            "started_at": "2026-01-01T00:00:00Z", "model": "stub-model",
        } for number in range(turns)],
    }


def test_five_hundred_messages_open_without_a_standstill(visit, gateway):
    page = chat(visit, gateway)
    page.route("**/api/recall", lambda route: route.fulfill(json=long_conversation(250))
               if "conversation_id" in (route.request.post_data or "") else route.continue_())
    page.evaluate(WATCH)
    begin = time.monotonic()
    page.evaluate("location.hash = '#c=long'")
    page.get_by_text("Question 249").wait_for()
    first = time.monotonic() - begin
    expect(page.locator(".turn")).to_have_count(250)
    print(f"500 messages: end in sight after {1000 * first:.0f} ms, longest task {longest_task(page):.0f} ms")
    assert longest_task(page) < LONGEST_TASK / 2
    # The end is in sight, and in order.
    expect(page.locator(".turn").last).to_be_in_viewport()
    assert page.locator(".turn .prompt").first.text_content().startswith("Question 0")
    page.locator(".thread").evaluate("it => it.scrollTo(0, 0)")
    expect(page.locator(".turn").first).to_be_in_viewport()
    expect(page.locator(".turn").first.locator("h2")).to_have_text("Heading")


def test_all_scripts_of_a_page_are_asked_for_at_once(visit, gateway):
    page = visit("about:blank")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 200_000})
    page.goto(f"{gateway.url}/chat")
    page.get_by_role("button", name=WORDS["signin.submit"]).wait_for()
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    scripts = page.evaluate("""performance.getEntriesByType("resource")
        .filter(({ name }) => name.endsWith(".js")).map(({ startTime }) => startTime)""")
    print(f"first paint {paint:.0f} ms, {len(scripts)} scripts asked within {max(scripts) - min(scripts):.0f} ms")
    assert len(scripts) > 20
    # None waits for another one to come: that would be another 150 ms later.
    assert max(scripts) - min(scripts) < 100


def test_a_reply_beyond_the_renderer_is_not_sent_to_it_again_and_again(visit, gateway, upstream):
    asked = []
    page = chat(visit, gateway)
    page.on("request", lambda request: asked.append(request.post_data or "") if "/api/render" in request.url else None)
    # Bold text would be rendered; this has no place to cut.
    text = "- " + "**list** without an end\n- " * 4000
    upstream.script({"text": text})
    ask(page, "Go")
    answered(page)
    expect(page.locator(".plain-note")).to_have_text(WORDS["chat.plain_note"])
    expect(page.locator(".markdown")).to_contain_text("**list** without an end")
    assert all(len(body.encode()) < 80_000 for body in asked), "what the server refuses is not even sent"
    assert len(asked) < 12

    before = len(asked)
    long = "\n\n".join(f"Paragraph **{number}** " + "of some words " * 40 for number in range(300))
    assert len(long) > 2 * 65_536
    upstream.script({"text": long})
    ask(page, "Once more")
    answered(page, 2)
    reply = page.locator(".turn").last.locator(".markdown")
    # In pieces all of it is set.
    expect(reply.locator("strong")).to_have_count(300, timeout=20_000)
    expect(reply.locator(".plain-note")).to_have_count(0)
    sizes = [len(body) for body in asked[before:]]
    print(f"{len(long)} bytes were rendered in {len(sizes)} requests of {sum(sizes)} bytes")
    assert sum(sizes) < 5 * len(long)


def test_a_renderer_that_is_busy_is_asked_again_later(visit, gateway, upstream):
    page = chat(visit, gateway)
    refused = []

    def refuse(route) -> None:
        refused.append(time.monotonic())
        route.fulfill(status=429, headers={"Retry-After": "1"}, json={"status": "error", "code": "rate_limited", "message": "Later."})

    page.route("**/api/render", refuse)
    upstream.script({"text": "Some **bold** text."})
    ask(page, "Go")
    answered(page)
    expect(page.locator(".markdown")).to_have_text("Some **bold** text.")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.unroute("**/api/render")
    expect(page.locator(".markdown strong")).to_have_text("bold")
    # Two may be under way at once; none follows before its time.
    assert all(later - earlier > 0.7 for earlier, later in zip(refused, refused[2:]))


def test_a_text_that_the_renderer_refuses_is_refused_once(visit, gateway, upstream):
    page = chat(visit, gateway)
    asked = []

    def refuse(route) -> None:
        asked.append(route.request.post_data)
        route.fulfill(status=413, json={"status": "error", "code": "body_too_large", "message": "No."})

    page.route("**/api/render", refuse)
    upstream.script({"text": "Some **bold** text that goes on for long. " * 40, "piece_delay_ms": 5})
    ask(page, "Go")
    answered(page)
    expect(page.locator(".plain-note")).to_be_visible()
    # Once while it came, once as a whole.
    assert len(asked) <= 2
