"""The chat page in a browser, from the first visit to the last message."""

import re

import pytest
from playwright.sync_api import Page, expect

from harness.webui import assert_accessible, assert_fits, chromium, picture, sign_in, visit

RICH = """# Rivers

Some **bold** text.

```python
def f(x):
    return "a" + str(x)
```

| river | km |
|---|---|
| Danube | 2850 |

Inline $a^2 + b^2$ and

$$\\frac{1}{2}$$

It costs $5 or $6, and `$x$` is code.
"""
ATTACK = """
<script>document.title = "owned"</script> <img src=x onerror="document.title='owned'">
<svg onload="document.title='owned'"><script>document.title='owned'</script></svg>
[click](javascript:document.title='owned') [data](data:text/html,<script>1</script>)
![remote](http://127.0.0.1:1/spy.png) <form action="http://127.0.0.1:1/"><input name=key></form>
<style>body { display: none }</style> <iframe src="http://127.0.0.1:1/"></iframe> <a href="//127.0.0.1:1/" onclick="x()">x</a>
<math><mtext><script>document.title='owned'</script></mtext></math> $\\href{javascript:document.title='owned'}{x}$
```html
<b>never closed
"""


def ask(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def answered(page: Page, count: int = 1) -> None:
    expect(page.get_by_role("button", name="Copy the reply")).to_have_count(count)


def chat(visit, gateway, **options) -> Page:
    return visit(f"{gateway.url}/chat", gateway.add_user(), **options)


def slow(upstream, pieces: int = 40, **step) -> None:
    upstream.script({"text": " ".join(f"piece{number}" for number in range(pieces)), "piece_delay_ms": 100, **step})


def test_the_first_visit_leads_to_a_streamed_answer_and_a_follow_up(visit, gateway, upstream):
    page = visit(f"{gateway.url}/chat")
    sign_in(page, gateway.add_user())
    expect(page.get_by_text("What would you like to know?")).to_be_visible()
    expect(page.get_by_text("You have no conversations yet")).to_be_visible()

    slow(upstream, 20)
    ask(page, "Count for me")
    # The beginning is shown while the end has yet to come.
    page.locator(".turn.is-running").get_by_text("piece1 ").wait_for()
    assert "piece19" not in page.locator(".thread").inner_text()
    answered(page)
    assert "piece19" in page.locator(".thread").inner_text()

    ask(page, "And now?")
    answered(page, 2)
    expect(page.locator(".thread")).to_contain_text("You said: And now? (messages: 3)")
    expect(page.locator(".recall-list li")).to_have_count(1)
    expect(page.locator(".recall-list li")).to_contain_text("2 turns")

    page.reload()
    answered(page, 2)
    expect(page.locator(".recall-list li")).to_contain_text("Stub Title")
    expect(page.locator(".thread")).to_contain_text("piece19")


def test_stopping_keeps_what_had_come_and_the_next_message_works(visit, gateway, upstream):
    page = chat(visit, gateway)
    slow(upstream, 200)
    ask(page, "Talk for long")
    page.locator(".turn.is-running").get_by_text("piece3 ").wait_for()
    page.get_by_role("button", name="Stop the reply").click()
    expect(page.locator(".note")).to_contain_text("You stopped this reply.")
    assert "piece3" in page.locator(".thread").inner_text()

    ask(page, "Next")
    answered(page, 2)
    page.reload()
    expect(page.get_by_text("Stopped before its end")).to_be_visible()


def test_a_reply_goes_on_while_another_conversation_is_open(visit, gateway, upstream):
    page = chat(visit, gateway)
    slow(upstream, 40)
    ask(page, "Talk for long")
    page.locator(".turn.is-running").get_by_text("piece3 ").wait_for()

    page.get_by_role("link", name="New chat").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.get_by_role("button", name="Stop the reply")).to_be_hidden()
    ask(page, "Meanwhile")
    answered(page)
    expect(page.locator(".thread")).to_contain_text("You said: Meanwhile")
    expect(page.locator(".recall-list li")).to_have_count(2)

    page.locator(".recall-list a", has_text="Talk for long").click()
    expect(page.locator(".turn.is-running .prompt")).to_contain_text("Talk for long")
    expect(page.get_by_role("button", name="Stop the reply")).to_be_visible()
    answered(page)
    expect(page.locator(".thread")).to_contain_text("piece39")
    expect(page.locator(".turn")).to_have_count(1)

    ask(page, "And on")
    answered(page, 2)
    page.reload()
    answered(page, 2)
    expect(page.locator(".thread")).to_contain_text("piece39")
    expect(page.get_by_text("Stopped before its end")).to_have_count(0)


def test_a_reply_ends_with_its_conversation(visit, gateway, upstream):
    page = chat(visit, gateway)
    slow(upstream, 300)
    ask(page, "Talk for long")
    page.locator(".turn.is-running").get_by_text("piece3 ").wait_for()
    page.get_by_role("link", name="New chat").click()

    row = page.locator(".recall-list li", has_text="Talk for long")
    row.get_by_role("button").click()
    page.get_by_role("menuitem", name="Delete").click()

    expect(page.locator(".recall-list li")).to_have_count(0)
    upstream.wait_in_flight(0)


def test_a_rich_reply_has_its_code_table_and_formulas(visit, gateway, upstream):
    page = chat(visit, gateway)
    upstream.script({"text": RICH})
    ask(page, "Rivers, please")
    answered(page)
    reply = page.locator(".turn .markdown")
    expect(reply.locator("h1")).to_have_text("Rivers")
    expect(reply.locator("pre .hljs-keyword").first).to_have_text("def")
    expect(reply.locator("td")).to_have_count(2)
    expect(reply.locator("math")).to_have_count(2)
    expect(reply.locator("math mfrac")).to_have_count(1)
    expect(reply).to_contain_text("It costs $5 or $6")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reply.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("def f(x):")
    picture(page, "chat-rich-1440-light")


def test_a_reply_can_be_seen_as_json_asked_again_and_its_prompt_edited(visit, gateway, upstream):
    page = chat(visit, gateway)
    ask(page, "First wording")
    answered(page)
    page.get_by_role("button", name="Show as JSON").click()
    expect(page.locator("pre.raw")).to_contain_text('"finish_reason": "stop"')
    page.get_by_role("button", name="Show as JSON").click()
    expect(page.locator("pre.raw")).to_be_hidden()

    page.get_by_role("button", name="Ask again").click()
    answered(page, 2)
    page.get_by_role("button", name="Edit and send anew").first.click()
    page.get_by_role("textbox", name="Edit and send anew").fill("Second wording")
    page.get_by_role("button", name="Send as a new message").click()
    answered(page, 3)
    asked = [request["body"]["messages"][-1]["content"] for request in upstream.requests()]
    assert asked[-3:] == ["First wording", "First wording", "Second wording"]
    expect(page.locator(".turn .prompt")).to_have_count(3)


def test_a_conversation_is_renamed_saved_and_deleted_with_a_way_back(visit, gateway):
    page = chat(visit, gateway)
    ask(page, "Remember me")
    answered(page)

    def do(action: str) -> None:
        page.get_by_role("button", name=re.compile("^Actions for")).click()
        page.get_by_role("menuitem", name=action).click()

    do("Rename")
    page.get_by_role("dialog").get_by_label("Title").fill("My own title")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="My own title")).to_be_visible()

    for action, ending, part in (("Save as Markdown", ".md", "Remember me"), ("Save as JSON", ".json", '"turns"')):
        with page.expect_download() as download:
            do(action)
        assert download.value.suggested_filename.endswith(ending)
        assert part in download.value.path().read_text()

    do("Delete")
    expect(page.locator(".recall-list li")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".recall-list li")).to_have_count(1)
    page.reload()
    expect(page.locator(".recall-list li")).to_have_count(1)

    do("Delete")
    # Leaving the page does at once what was put off.
    page.goto("about:blank")
    page.goto(f"{gateway.url}/chat")
    expect(page.get_by_text("You have no conversations yet")).to_be_visible()


def test_the_list_shows_more_and_finds_what_is_not_shown_yet(visit, gateway):
    key = gateway.add_user()
    for number in range(55):
        conversation = gateway.talk(key, f"Topic {number}")["conversation_id"]
        gateway.request("POST", "/api/rename-conversation", key, json={"conversation_id": conversation, "title": f"Topic {number}"})
    page = visit(f"{gateway.url}/chat", key)
    entries = page.locator(".recall-list li")
    expect(entries).to_have_count(50)
    page.get_by_role("searchbox").fill("Topic 3")
    expect(entries).to_have_count(11)
    page.get_by_role("searchbox").fill("")
    expect(entries).to_have_count(55)
    page.get_by_role("link", name=re.compile("^Topic 54")).click()
    expect(page.locator(".thread")).to_contain_text("You said: Topic 54")


@pytest.mark.parametrize("text", [ATTACK, "x" * 1_000_000], ids=["attacks", "one-long-line"])
def test_a_hostile_reply_does_nothing(visit, gateway, upstream, text):
    page = chat(visit, gateway)
    page.evaluate("""addEventListener("securitypolicyviolation", (event) => console.error(event.violatedDirective))""")
    upstream.script({"text": text})
    ask(page, "Attack me")
    answered(page)
    page.wait_for_load_state("networkidle")
    assert "owned" not in page.title()
    reply = page.locator(".turn .markdown")
    assert reply.locator("script, img, form, iframe, svg, style, object, embed").count() == 0
    assert reply.locator("a[href^='javascript'], a[href^='data'], [onclick], [style]").count() == 0
    assert_fits(page)
    expect(page.get_by_label("Your message")).to_be_visible()


def test_a_key_that_was_taken_back_is_told_and_the_draft_kept(visit, gateway):
    user_id = "taken-back"
    key = gateway.add_user(user_id)
    page = visit(f"{gateway.url}/chat", key)
    ask(page, "Hello")
    answered(page)
    gateway.request("POST", "/api/client/remove-user", gateway.admin_key, json={"user_id": user_id})
    ask(page, "Am I still here?")
    expect(page.get_by_role("alert")).to_contain_text("This key is not known, or was taken back")
    sign_in(page, gateway.add_user())
    expect(page.get_by_label("Your message")).to_have_value("Am I still here?")


def test_without_a_connection_the_message_is_kept_and_sent_again(visit, gateway):
    page = chat(visit, gateway)
    page.route("**/api/chat", lambda route: route.abort())
    ask(page, "Into the void")
    expect(page.locator(".note.is-problem")).to_contain_text("The server cannot be reached")
    expect(page.get_by_label("Your message")).to_have_value("")
    expect(page.locator(".turn .prompt")).to_have_text(["Into the void"])
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("Into the void")
    page.get_by_label("Your message").press("Enter")
    expect(page.locator(".note.is-problem")).to_be_visible()
    page.unroute("**/api/chat")
    page.get_by_role("button", name="Try again").click()
    answered(page)


def test_a_reply_that_breaks_off_is_kept_and_said_to_be_so(visit, launch, upstream):
    gateway = launch("a")
    page = chat(visit, gateway)
    upstream.script({"text": "one two three four five", "close_mid_stream": 3})
    ask(page, "Break off")
    expect(page.locator(".note.is-problem")).to_be_visible()
    expect(page.locator(".turn .markdown")).to_contain_text("one two three")
    page.reload()
    expect(page.get_by_text("Broken off by the upstream")).to_be_visible()


def test_keys_in_the_link_fill_fields_and_leave_the_address_bar(visit, gateway):
    key = gateway.add_user()
    page = visit(f"{gateway.url}/chat?user={key}&prompt=From%20a%20link&access_token=t0ken")
    assert page.get_by_label("Your key").input_value() == key
    assert page.url == f"{gateway.url}/chat"
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Your message")).to_have_value("From a link")
    expect(page.get_by_label("Access token")).to_have_value("t0ken")


def test_an_admin_is_led_to_the_console_and_a_client_acts_for_its_user(visit, gateway):
    page = visit(f"{gateway.url}/chat", gateway.admin_key)
    expect(page.get_by_role("link", name="Go to the console")).to_be_visible()

    client = gateway.add_user("webui-client", is_client=True)
    gateway.request("POST", "/api/client/add-user", client, json={"user_id": "guest", "username": "Guest"})
    page = visit(f"{gateway.url}/chat", client)
    page.get_by_label("User id").fill("guest")
    page.get_by_role("button", name="Show").click()
    ask(page, "As a guest")
    answered(page)
    expect(page.locator(".recall-list li")).to_have_count(1)


def test_the_options_reach_the_upstream(visit, gateway, upstream):
    page = visit(f"{gateway.url}/chat", gateway.add_user(plus=True))
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Accounts").select_option("plus")
    page.get_by_label("System prompt").fill("Answer in verse.")
    ask(page, "Hello")
    answered(page)
    assert upstream.accounts() == ["plus"]
    assert upstream.requests()[0]["body"]["messages"][0] == {"role": "system", "content": "Answer in verse."}


def test_everything_is_done_by_keyboard(visit, gateway):
    page = visit(f"{gateway.url}/chat")
    expect(page.get_by_label("Your key")).to_be_focused()
    page.keyboard.type(gateway.add_user())
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    answered(page)
    expect(page.get_by_label("Your message")).to_be_focused()
    expect(page.locator(".turn .prompt")).to_contain_text("First line\nsecond line")

    page.get_by_role("link", name=re.compile("^Stub Title")).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Save as Markdown")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile("^Actions for"))).to_be_focused()


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chat_fits_and_is_accessible(visit, gateway, upstream, width, scheme):
    page = visit(f"{gateway.url}/chat", width=width, scheme=scheme, bypass_csp=True)
    page.get_by_role("button", name="Sign in").wait_for()
    assert_accessible(page)
    sign_in(page, gateway.add_user())
    page.get_by_text("What would you like to know?").wait_for()
    assert_fits(page)
    assert_accessible(page)
    picture(page, f"chat-empty-{width}-{scheme}")
    upstream.script({"text": RICH})
    ask(page, "Rivers, please")
    answered(page)
    page.locator("math").first.wait_for()
    page.get_by_text("Options", exact=True).click()
    assert_fits(page)
    assert_accessible(page)
    picture(page, f"chat-thread-{width}-{scheme}")
    if width == 360:
        page.get_by_role("button", name="Conversations").click()
        expect(page.get_by_role("searchbox")).to_be_visible()
        assert_accessible(page)
        picture(page, f"chat-drawer-{width}-{scheme}")


def test_the_first_view_is_small_and_comes_from_here_only(visit, gateway):
    asked = []
    page = visit("about:blank")
    page.on("requestfinished", lambda request: asked.append(request))
    page.goto(f"{gateway.url}/chat")
    page.get_by_role("button", name="Sign in").wait_for()
    page.wait_for_load_state("networkidle")
    assert len(asked) > 10 and all(request.url.startswith(gateway.url) for request in asked)
    # As it is on the wire, compressed by nginx.
    assert sum(request.sizes()["responseBodySize"] for request in asked) < 64_000
