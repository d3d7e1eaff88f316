"""What a turn has beside its texts, in a browser: reasoning, refusals, tools and their results, other choices."""

import openai
import pytest

from harness.webui import WORDS, chromium, visit

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def conversation(gateway, upstream):
    """A key with a conversation in which everything occurs, and its id."""
    key = gateway.add_user()
    sdk = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0)
    upstream.script({"tool_calls": True, "reasoning": f"I look it up. {HOSTILE}"})
    thread: list = [
        {"role": "user", "content": "Before"}, {"role": "assistant", "content": "Earlier"},
        {"role": "user", "content": "Weather?"}]
    answer = sdk.chat.completions.create(model="stub-model", messages=thread)
    message = answer.choices[0].message.model_dump(exclude_none=True)
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": f"Sun {HOSTILE} " + "x" * 500}
    thread += [message, result]
    upstream.script({"text": "Sunny"})
    sdk.chat.completions.create(model="stub-model", messages=thread, n=2)
    upstream.script({"refusal": f"I cannot. {HOSTILE}"})
    gateway.talk(key, "Do it", conversation_id=answer.conversation_id)
    return key, answer.conversation_id


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("place", ["recall", "chat"])
def test_everything_beside_the_texts_is_shown_as_text(visit, gateway, conversation, place, width):
    key, conversation_id = conversation
    page = visit(f"{gateway.url}/{place}#c={conversation_id}", key, width=width)

    page.get_by_text(WORDS["beside.given"]).wait_for()
    page.get_by_text(WORDS["beside.tool_call"].format(name="lookup")).wait_for()
    assert page.get_by_label(WORDS["beside.tool_result"].format(name="call_1")).inner_text().startswith("Sun <img")
    assert "I cannot. <img" in page.get_by_text(WORDS["beside.refusal"]).locator("..").inner_text()
    thoughts = page.locator("details", has_text=WORDS["beside.reasoning"]).first
    assert not thoughts.locator("p").is_visible()
    thoughts.locator("summary").click()
    assert thoughts.locator("p").inner_text().startswith("I look it up.")
    choice = page.locator("details", has_text=WORDS["beside.choice"].format(number=2))
    choice.locator("summary").click()
    assert "Sunny (choice 1)" in choice.inner_text()

    assert page.title() != "owned" and page.locator(".turns img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_refusal_of_a_running_chat_is_shown(visit, gateway, upstream):
    page = visit(f"{gateway.url}/chat", gateway.add_user())
    upstream.script({"refusal": "I cannot do that."})
    page.locator("textarea").first.fill("Do it")
    page.locator("textarea").first.press("Enter")
    page.get_by_text("I cannot do that.").wait_for()
