"""How text looks: its direction, formulas, and what is printed."""

import re

import pytest
from playwright.sync_api import Page, expect

from harness.webui import WORDS, chromium, picture, visit

ENGLISH, ARABIC, HEBREW = "This is a sentence.", "هذه جملة.", "זה משפט."
#: Where the text of an element begins, from the left or the right edge of its block.
SIDE = """it => {
    const range = document.createRange();
    range.selectNodeContents(it);
    const [text, block] = [range.getBoundingClientRect(), it.parentElement.getBoundingClientRect()];
    return text.left - block.left < block.right - text.right ? "left" : "right";
}"""
#: Where the last character, the full stop, stands.
STOP = """it => {
    const text = document.createTreeWalker(it, NodeFilter.SHOW_TEXT).nextNode();
    const box = (begin) => {
        const range = document.createRange();
        range.setStart(text, begin);
        range.setEnd(text, begin + 1);
        return range.getBoundingClientRect().left;
    };
    return box(text.data.trimEnd().length - 1) > box(0) ? "right" : "left";
}"""


def chat(visit, gateway, **options) -> Page:
    page = visit(f"{gateway.url}/chat", **options)
    page.locator("input[name=key]").fill(gateway.add_user())
    page.keyboard.press("Enter")
    page.locator(".composer-row textarea").wait_for()
    return page


def ask(page: Page, text: str) -> None:
    page.locator(".composer-row textarea").fill(text)
    page.keyboard.press("Enter")


def answered(page: Page, count: int = 1) -> None:
    expect(page.locator(".turn:not(.is-running) .turn-buttons:visible")).to_have_count(count)


@pytest.mark.parametrize("language", ["en-US", "ar"])
def test_each_block_is_read_in_its_own_direction(visit, gateway, upstream, language):
    page = chat(visit, gateway, language=language)
    text = "\n\n".join([
        f"# {ARABIC}", f"# {ENGLISH}", ARABIC, ENGLISH, HEBREW, f"- {ARABIC}\n- {ARABIC}", "Between.",
        f"- {ENGLISH}\n- {ENGLISH}", f"> {ARABIC}", "| a | b |\n|:---|---:|\n| x | y |"])
    upstream.script({"text": text})
    ask(page, ARABIC)
    answered(page)
    reply = page.locator(".turn .markdown")
    reply.locator("table").wait_for()
    picture(page, f"direction-{language}")
    for element in [*reply.locator("h1, p, li").all(), *page.locator(".prompt .plain").all()]:
        words = element.inner_text()
        wanted = "right" if re.search(r"[\u0590-\u06ff]", words) else "left"
        assert element.evaluate(STOP) == ("left" if wanted == "right" else "right"), words
        style = element.evaluate("it => [getComputedStyle(it).textAlign, it.tagName]")
        assert style[0] == "start", words
        if style[1] in ("P", "H1") and element.evaluate("it => it.parentElement.matches('.markdown')"):
            assert element.evaluate(SIDE) == wanted, words
    # The marks of a list stand where its text begins.
    assert [it.evaluate("it => getComputedStyle(it).direction") for it in reply.locator("ul").all()] == ["rtl", "ltr"]
    assert reply.locator("blockquote").evaluate("it => getComputedStyle(it).direction") == "rtl"
    assert [it.evaluate("it => getComputedStyle(it).textAlign.replace('-webkit-', '')") for it in reply.locator("td").all()] == ["left", "right"]


FORMULA = r"Before. $$ \sum_{n=1}^{\infty} \frac{1}{n^2} = \frac{\pi^2}{6} $$ Then $e^{i \pi} = -1$ and \( \alpha + \beta \) end. It costs $5 or $6."


def test_a_formula_is_never_shown_as_its_source_while_it_comes(visit, gateway, upstream):
    page = chat(visit, gateway)
    page.evaluate("""() => {
        window.seen = [];
        const look = () => {
            const box = document.querySelector(".turn .markdown");
            if (box) window.seen.push([...box.querySelectorAll("math")].reduce(
                (text, math) => text.replace(math.textContent, ""), box.textContent));
            requestAnimationFrame(look);
        };
        look();
    }""")
    upstream.script({"text": FORMULA, "piece_delay_ms": 60})
    ask(page, "Go")
    answered(page)
    expect(page.locator(".markdown math")).to_have_count(3)
    seen = page.evaluate("window.seen")
    assert len(set(seen)) > 5, "it did come piece by piece"
    assert not [text for text in seen if re.search(r"\\\\|\$\$|\\(frac|sum|pi|alpha|\()|e\^", text)]
    expect(page.locator(".markdown")).to_contain_text("It costs $5 or $6.")


def test_signs_that_are_no_formulas_hold_nothing_back(visit, gateway, upstream):
    page = chat(visit, gateway)
    upstream.script({"text": "Write $HOME and then " + "some more words " * 60, "piece_delay_ms": 20})
    ask(page, "Go")
    page.locator(".turn.is-running").get_by_text("Write $HOME and then some more words").wait_for()


def test_formulas_have_a_font_of_mathematics(visit, gateway, upstream):
    page = chat(visit, gateway)
    answers = []
    page.on("response", lambda answer: answers.append(answer) if answer.url.endswith(".otf") else None)
    upstream.script({"text": FORMULA})
    ask(page, "Go")
    page.locator(".markdown math").first.wait_for()
    page.evaluate("document.fonts.ready")
    page.wait_for_function("[...document.fonts].some(({ family, status }) => family.includes('STIX') && status === 'loaded')")
    assert [answer.status for answer in answers] == [200]
    assert answers[0].headers["content-type"] == "font/otf"
    assert "max-age" in answers[0].headers["cache-control"]
    picture(page, "formulas")


@pytest.mark.parametrize("path", ["/chat", "/recall"])
def test_only_the_conversation_is_printed_and_all_of_it(visit, gateway, upstream, path):
    key = gateway.add_user()
    conversation = None
    for number in range(12):
        more = {"conversation_id": conversation} if conversation else {}
        upstream.script({"text": f"Reply {number}. " + "Some words of it. " * 80})
        conversation = gateway.talk(key, f"Question {number}", **more)["conversation_id"]
    page = visit(f"{gateway.url}{path}", key)
    page.locator(".recall-list a").first.click()
    page.get_by_text("Reply 11.").wait_for()
    page.emulate_media(media="print")
    hidden = ".app-header, .recall-list, .composer, .side, .turn-buttons button, .reading header button"
    assert not [it for it in page.locator(hidden).all() if it.is_visible()]
    # Nothing is cut off by a frame of its own.
    tall = page.evaluate("document.documentElement.scrollHeight")
    last = page.get_by_text("Reply 11.").bounding_box()
    assert tall > 1500 and last and last["y"] + last["height"] <= tall
    pdf = page.pdf()
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") > 1
    for number in (0, 11):
        assert page.get_by_text(f"Question {number}", exact=True).is_visible()
