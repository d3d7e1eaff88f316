"""The page of conversations in a browser."""

import json
import re

import pytest

from harness.gateway import new_id
from harness.webui import WORDS, chromium, sign_in, visit

TEXT = """Here is **bold** text.

| a | b |
|---|---|
| 1 | 2 |

```python
def f():
    return "x"
```

<script>document.title = "owned"</script> <img src=x onerror="document.title='owned'">
[click](javascript:document.title='owned') ![remote](http://127.0.0.1:1/spy.png)
"""


@pytest.fixture
def conversation(gateway, upstream):
    """A user's key with one conversation of two turns, and its id."""
    key = gateway.add_user()
    upstream.script({"text": "About Rome"}, kind="title")
    upstream.script({"text": TEXT})
    first = gateway.talk(key, "Tell me of Rome\n\nin two lines")
    gateway.talk(key, "And then?", conversation_id=first["conversation_id"])
    return key, first["conversation_id"], first["conversation_title"]


def test_a_conversation_is_read_with_markdown_and_without_what_attacks(visit, gateway, conversation):
    key, _, title = conversation
    page = visit(f"{gateway.url}/recall", key)

    page.get_by_role("navigation", name=WORDS["recall.list"]).get_by_role("link", name=title).click()
    page.get_by_role("heading", name=title, level=2).wait_for()
    page.locator(".reply strong", has_text="bold").wait_for()

    article = page.get_by_role("article")
    assert article.locator("td").all_inner_texts() == ["1", "2"]
    article.locator("code span.hljs-keyword").first.wait_for()
    assert article.locator("script, img, iframe, style, a[href^='javascript']").count() == 0
    assert page.title() != "owned"
    assert article.get_by_role("group", name="Prompt").first.inner_text() == "Tell me of Rome\n\nin two lines"
    assert article.get_by_role("group", name="Reply").count() == 2


def test_the_address_names_the_conversation_and_the_way_back_works(visit, gateway, conversation):
    key, conversation_id, title = conversation
    page = visit(f"{gateway.url}/recall#c={conversation_id}", key)

    page.get_by_role("heading", name=title, level=2).wait_for()
    assert page.get_by_role("link", name="Continue in the chat").get_attribute("href") == f"/chat#c={conversation_id}"
    page.evaluate("location.hash = ''")
    page.get_by_text("Choose a conversation").wait_for()
    page.go_back()
    page.get_by_role("heading", name=title, level=2).wait_for()


def test_a_conversation_is_saved_as_markdown_and_as_json(visit, gateway, conversation):
    key, conversation_id, title = conversation
    page = visit(f"{gateway.url}/recall#c={conversation_id}", key)

    with page.expect_download() as markdown:
        page.get_by_role("button", name="Save as Markdown").click()
    with page.expect_download() as exported:
        page.get_by_role("button", name="Save as JSON").click()

    assert markdown.value.suggested_filename == f"conversation-{conversation_id}.md"
    text = markdown.value.path().read_text()
    assert text.startswith(f"# {title}") and "> Tell me of Rome" in text and "Here is **bold** text." in text
    whole = json.loads(exported.value.path().read_text())
    assert whole["conversation_id"] == conversation_id and len(whole["turns"]) == 2


def test_the_pure_json_is_a_switch_away(visit, gateway, conversation):
    key, conversation_id, _ = conversation
    page = visit(f"{gateway.url}/recall#c={conversation_id}", key)

    page.get_by_role("button", name="JSON", exact=True).click()
    whole = json.loads(page.locator(".raw pre").inner_text())
    assert whole["turns"][0]["reply"].startswith("Here is **bold** text.")
    page.get_by_role("button", name="JSON", exact=True).click()
    assert page.locator(".reply").first.is_visible() and not page.locator(".raw").is_visible()


def test_a_conversation_is_removed_after_a_question(visit, gateway, conversation):
    key, conversation_id, title = conversation
    page = visit(f"{gateway.url}/recall#c={conversation_id}", key)

    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()

    page.get_by_text("You have no conversations yet.").wait_for()
    assert gateway.recall(key) == {}
    assert page.get_by_role("link", name="Begin one").get_attribute("href") == "/chat"


def test_the_list_is_fetched_page_by_page_and_searched(visit, gateway, upstream):
    key = gateway.add_user()
    for number in range(52):
        gateway.post("/v1/chat/completions", key, messages=[{"role": "user", "content": f"Question {number}"}])
    page = visit(f"{gateway.url}/recall", key)

    page.get_by_text("50 conversations shown. There are more.").wait_for()
    page.get_by_role("button", name="Show more").click()
    page.get_by_text(re.compile(r"^52 conversations$")).wait_for()
    page.get_by_label("Search titles").fill("question 51")
    page.get_by_text(re.compile(r"^1 conversation$")).wait_for()
    page.get_by_label("Search titles").fill("nothing like that")
    page.get_by_text("No title matches.").wait_for()


def test_an_admin_reads_the_conversations_of_a_user_from_the_console(visit, gateway):
    user_id = new_id()
    key = gateway.add_user(user_id, username=f"Name of {user_id}")
    title = gateway.talk(key, "A secret question")["conversation_title"]
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    page.get_by_role("searchbox").fill(user_id)
    page.get_by_role("button", name=f"Actions for Name of {user_id}").click()
    page.get_by_role("menuitem", name="Read conversations").click()
    page.get_by_role("link", name=title).click()

    page.get_by_text("You said: A secret question").wait_for()
    assert page.get_by_label("User id").input_value() == user_id
    assert page.get_by_role("link", name="Continue in the chat").count() == 0, "an admin's key cannot chat"


def test_a_client_names_one_of_its_users(visit, gateway):
    client = gateway.add_client()
    gateway.talk(gateway.add_user("fan", creator=client), "A fan's question")
    page = visit(f"{gateway.url}/recall", client)

    page.get_by_text("Name one of your users").wait_for()
    assert page.get_by_label("Created by").count() == 0
    page.get_by_label("User id").fill("fan")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="1 turn").click()
    page.get_by_text("You said: A fan's question").wait_for()
    page.get_by_label("User id").fill("nobody")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("alert").get_by_text(WORDS["error.user_not_found"]).wait_for()
    assert not page.get_by_text("has no conversations yet").is_visible()
    assert page.get_by_role("link", name="1 turn").count() == 0


def test_an_answer_that_was_broken_off_says_so(visit, launch, upstream):
    gateway = launch("a")
    key = gateway.add_user()
    upstream.script({"close_mid_stream": 2})
    gateway.chat(key, "Hello, tell me something long", stream=True)
    page = visit(f"{gateway.url}/recall", key)

    page.get_by_role("link", name="1 turn").click()

    page.get_by_text("Broken off by the upstream").wait_for()


def test_an_unknown_conversation_is_said_in_a_sentence(visit, gateway):
    page = visit(f"{gateway.url}/recall#c=nothing", gateway.add_user())

    page.get_by_role("alert").get_by_text(WORDS["error.conversation_not_found"]).wait_for()


def test_a_conversation_in_the_query_is_shown_after_the_sign_in(visit, gateway, conversation):
    key, conversation_id, title = conversation
    page = visit(f"{gateway.url}/recall?user={key}&conversation_id={conversation_id}")

    page.get_by_role("button", name=WORDS["signin.submit"]).click()

    page.get_by_role("heading", name=title, level=2).wait_for()
    assert page.url == f"{gateway.url}/recall#c={conversation_id}"


def test_a_key_in_the_query_fills_the_field_only(visit, gateway):
    key = gateway.add_user()
    page = visit(f"{gateway.url}/recall?user={key}")

    assert page.get_by_label(WORDS["form.key"]).input_value() == key and key not in page.url
    page.reload()
    assert page.get_by_label(WORDS["form.key"]).input_value() == ""
    sign_in(page, key)
    page.get_by_text("You have no conversations yet.").wait_for()
