"""How the pages beside the chat look and can be used: width, colours, keyboard, without scripts."""

import re

import pytest

from harness.gateway import new_id
from harness.webui import WORDS, assert_accessible, assert_fits, chromium, picture, visit

#: The upstream says it back, so the reply has it all.
RICH = """What does this look like?

| Name | A wide column | Another wide column | And one more wide column | The last one |
|---|---|---|---|---|
| a | some text | some more text | some more text | end |

> A quote with `code` and a [link](https://example.org/).

```python
def f(x):  # a comment
    return "a very long line of code that goes on and on, so that it has to scroll in its frame" + x
```

""" + "A very long line. " * 30
LONG = "Somebody with a name that is much longer than anybody had thought when this was drawn"


@pytest.fixture(scope="module")
def people(shared):
    """Keys by role; the user has a conversation, the client a user."""
    user_id = new_id()
    keys = {"none": None, "admin": shared.admin_key, "client": shared.add_client(), "user": shared.add_user(user_id)}
    shared.add_user("its-user", creator=keys["client"], username=LONG)
    shared.talk(keys["user"], RICH, system="Answer in tables.")
    shared.add_user(new_id(), username=LONG, plus=True)
    return {**keys, "empty client": shared.add_client(), "new user": shared.add_user()}


def first_conversation(page):
    page.locator(".recall-list a").first.click()
    page.get_by_role("article").wait_for()


def open_menu(page):
    page.get_by_role("button", name="Actions for").first.click()


def open_dialog(page):
    page.get_by_role("button", name="Add user").click()


def ask_to_remove(page):
    page.get_by_role("button", name=f"Actions for {LONG}").first.click()
    page.get_by_role("menuitem", name="Remove").click()


#: What is looked at: path, who is signed in, what is done before.
VIEWS = {
    "sign-in": ("/admin", "none", None),
    "console-users": ("/admin", "admin", None),
    "console-menu": ("/admin", "admin", open_menu),
    "console-add": ("/admin", "admin", open_dialog),
    "console-remove": ("/admin", "client", ask_to_remove),
    "console-clients": ("/admin#clients", "admin", None),
    "console-accounts": ("/admin#accounts", "admin", None),
    "console-client-empty": ("/admin", "empty client", None),
    "console-user": ("/admin", "user", None),
    "recall-list": ("/recall", "user", None),
    "recall-reading": ("/recall", "user", first_conversation),
    "recall-empty": ("/recall", "new user", None),
    "recall-admin": ("/recall", "admin", None),
    "access-token": ("/access-token", "none", None),
    "add-user": ("/admin/add-user", "none", None),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_view_fits_and_is_accessible(visit, gateway, people, view, width, scheme):
    path, who, prepare = VIEWS[view]
    page = visit(gateway.url + path, people[who], width, scheme, bypass_csp=True, reduced_motion="reduce")
    page.wait_for_load_state("networkidle")
    if prepare:
        prepare(page)
        page.wait_for_load_state("networkidle")

    picture(page, f"{view}-{width}-{scheme}")
    assert_fits(page)
    assert_accessible(page)


@pytest.mark.parametrize("width", [360, 800, 1440, 2560])
def test_a_page_from_right_to_left_fits(visit, gateway, people, width):
    page = visit(f"{gateway.url}/admin", people["admin"], width)
    page.get_by_role("row").nth(2).wait_for()

    # The words of a language that is read so may not be there yet; the layout must hold all the same.
    page.evaluate("document.documentElement.dir = 'rtl'")
    open_menu(page)

    picture(page, f"console-right-to-left-{width}")
    assert_fits(page)
    box = page.get_by_role("menu").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width, "the menu is on the page"


def test_a_user_is_added_and_disabled_by_keyboard_alone(visit, gateway):
    page = visit(f"{gateway.url}/admin")
    user_id = new_id()

    def press(*keys: str) -> None:
        for key in keys:
            page.keyboard.press(key)

    def tab_to(role: str, name: str) -> None:
        """Presses Tab until the element has the focus, which must be seen."""
        wanted = page.get_by_role(role, name=name)
        for _ in range(40):
            press("Tab")
            if wanted.count() and wanted.first.evaluate("element => element === document.activeElement"):
                style = wanted.first.evaluate("element => getComputedStyle(element).outlineStyle")
                assert style != "none", f"the focus on {name} is not seen"
                return
        raise AssertionError(f"Tab never reaches {name}")

    page.get_by_label(WORDS["form.key"]).wait_for()
    page.keyboard.type(gateway.admin_key)
    press("Enter")
    page.get_by_role("row").nth(1).wait_for()
    tab_to("button", "Add user")
    press("Enter")
    page.keyboard.type(user_id)
    press("Tab")
    page.keyboard.type(f"Name of {user_id}")
    press("Enter")
    page.locator("code.secret").wait_for()
    key = gateway.secrets.keep(page.locator("code.secret").inner_text())
    # A slip does not lose the key.
    press("Escape")
    page.get_by_text(WORDS["key.not_copied"]).wait_for()
    press("Escape")
    assert page.locator("code.secret").is_visible()
    tab_to("button", WORDS["action.close_uncopied"])
    press("Enter")
    page.locator("dialog").wait_for(state="detached")
    # The dialog gives the focus back to the button that opened it.
    assert page.evaluate("document.activeElement.textContent") == "Add user"

    tab_to("button", f"Actions for Name of {user_id}")
    press("Enter")
    page.get_by_role("menuitem", name="Read conversations").wait_for()
    press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Enter")
    page.get_by_text(f"Name of {user_id} is disabled.").wait_for()
    assert gateway.get("/api/whoami", key).status_code == 403
    assert page.evaluate("document.activeElement.title") == f"Actions for Name of {user_id}"


def test_tabs_are_moved_by_arrow_keys_and_have_addresses(visit, gateway):
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    page.get_by_role("tab", name="Users").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Clients").get_attribute("aria-selected") == "true"
    page.keyboard.press("End")
    assert page.get_by_role("tab").last.get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowLeft")
    page.get_by_role("article").first.wait_for()
    assert page.url.endswith("/admin#accounts")
    page.reload()
    page.get_by_role("article").first.wait_for()


def test_a_progress_bar_is_there_when_something_takes_longer_than_a_second(visit, gateway):
    page = visit(f"{gateway.url}/admin", gateway.admin_key)
    page.get_by_role("row").nth(1).wait_for()
    waiting = []
    page.route("**/api/client/users", lambda route: waiting.append(route))

    page.reload()
    page.get_by_role("progressbar").wait_for()
    waiting[0].continue_()
    page.get_by_role("row").nth(1).wait_for()
    assert not page.get_by_role("progressbar").is_visible()


def test_a_lost_connection_is_said_in_a_sentence(visit, gateway):
    page = visit(f"{gateway.url}/admin", gateway.add_client())
    page.get_by_text("There are no users yet.").wait_for()
    page.route("**/api/client/add-user", lambda route: route.abort())

    page.get_by_role("button", name="Add user").click()
    page.get_by_label("User id").fill("a")
    page.get_by_label("Name", exact=True).fill("A")
    page.get_by_role("dialog").get_by_role("button", name="Add").click()

    page.get_by_role("alert").get_by_text(WORDS["error.offline"]).wait_for()


@pytest.mark.parametrize(
    ("path", "who"), [("/recall", "user"), ("/access-token", "user"), ("/admin/add-user", "admin")])
def test_a_form_is_there_without_scripts(visit, gateway, people, path, who):
    page = visit(gateway.url + path, java_script_enabled=False, width=360)

    assert page.locator("form[method=post]").is_visible()
    picture(page, f"{path.strip('/').replace('/', '-')}-without-scripts")
    if path == "/access-token":
        # Accounts of this gateway's kind have no service to sign in at.
        return
    page.locator("[name=api_key]").fill(people[who])
    if path == "/admin/add-user":
        page.locator("[name=userid]").fill(new_id())
        page.locator("[name=username]").fill("Without scripts")
    page.get_by_role("button").click()

    if path == "/recall":
        assert "Conversations" in page.inner_text("h1")
    else:
        assert re.search(r"sk-cas-\w{38}", page.inner_text("main"))
        gateway.secrets.keep(page.locator("dd code").nth(1).inner_text())


def test_the_console_without_scripts_says_what_it_needs(visit, gateway):
    page = visit(f"{gateway.url}/admin", java_script_enabled=False)

    assert "needs JavaScript" in page.inner_text("main")
    assert page.get_by_role("link", name="users can be added here").get_attribute("href") == "/admin/add-user"


def test_who_signs_out_leaves_nothing_behind(visit, gateway):
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    page.get_by_role("button", name="admin", exact=True).click()
    page.get_by_role("menuitem", name=WORDS["action.sign_out"]).click()

    page.get_by_label(WORDS["form.key"]).wait_for()
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert page.get_by_label(WORDS["form.key"]).input_value() == ""


@pytest.mark.parametrize("path", ["/admin", "/chat", "/recall", "/access-token", "/admin/add-user"])
def test_a_first_view_is_light_and_comes_from_here_alone(visit, gateway, people, path):
    page = visit(f"{gateway.url}/admin", people["admin"])
    # What signing in has fetched is not fetched again.
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    answers = []
    page.on("response", lambda answer: answers.append(answer))

    page.goto(gateway.url + path)
    page.get_by_role("main").wait_for()
    page.wait_for_load_state("networkidle")

    ours = [answer.request.sizes()["responseBodySize"] for answer in answers if "/api/" not in answer.url]
    print(path, sum(ours), "bytes")
    assert 20_000 < sum(ours) < 100_000
    assert {answer.url.split("/")[2] for answer in answers} == {f"127.0.0.1:{gateway.port}"}


@pytest.mark.parametrize("width", [360, 1440])
def test_names_without_end_and_names_that_attack_stay_in_their_place(visit, launch, width):
    gateway = launch("a")
    attack = "<img src=x onerror=\"document.title='owned'\">evil"
    client = gateway.add_client("c" * 128, username="W" * 256)
    gateway.add_user("u" * 128, creator=client, username="w" * 256)
    gateway.talk(gateway.add_user("victim", username=attack), "W" * 3000)
    page = visit(f"{gateway.url}/admin", gateway.admin_key, width)

    page.get_by_role("row").nth(2).wait_for()
    picture(page, f"console-long-names-{width}")
    assert_fits(page)
    assert page.locator("main img").count() == 0 and page.title() != "owned"
    page.get_by_role("tab", name="Clients").click()
    page.get_by_role("tabpanel", name="Clients").get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Show its users").click()
    page.get_by_role("button", name="Show the users of everybody").wait_for()
    picture(page, f"console-long-owner-{width}")
    assert_fits(page)
    page.get_by_role("tabpanel", name="Users").get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Disable").click()
    page.get_by_text("is disabled. The key").wait_for()
    picture(page, f"console-long-toast-{width}")
    assert_fits(page)
    page.get_by_role("button", name="Actions for").first.click()
    page.get_by_role("menuitem", name="Remove").click()
    picture(page, f"console-long-dialog-{width}")
    assert page.locator("dialog").evaluate("it => it.scrollWidth <= it.clientWidth")

    page.goto(f"{gateway.url}/recall")
    page.get_by_label("User id").fill("victim")
    page.get_by_role("button", name="Show").click()
    first_conversation(page)
    picture(page, f"recall-long-line-{width}")
    assert_fits(page)


def test_pages_and_api_may_lie_elsewhere(visit, launch):
    gateway = launch("a", base_path="/gpt/", endpoints={
        "browser": {"add_user": {"url": "/people/new"}}, "api": {"add_user": {"url": "/api/people/new"}}})
    page = visit(f"{gateway.url}/gpt/admin", gateway.admin_key)

    page.get_by_role("link", name=WORDS["nav.add_user"]).click()
    page.get_by_label("User id").fill("elsewhere")
    page.get_by_label("Name", exact=True).fill("Elsewhere")
    page.get_by_role("button", name="Add").click()

    page.locator("code.secret").wait_for()
    gateway.secrets.keep(page.locator("code.secret").inner_text())
    assert page.url == f"{gateway.url}/gpt/people/new"
