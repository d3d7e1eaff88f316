"""The console in a browser: users and clients."""

from playwright.sync_api import expect

from harness.gateway import new_id
from harness.load import parallel
from harness.webui import WORDS, assert_accessible, chromium, put_away, read_secret, sign_in, visit


def do(page, name: str, action: str) -> None:
    """Chooses an entry of a user's menu."""
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


def dialog(page):
    return page.get_by_role("dialog")


def find(page, text: str) -> None:
    page.get_by_role("searchbox").fill(text)


def test_an_admin_adds_a_user_whose_key_works_until_the_user_is_removed(visit, gateway):
    user_id = new_id()
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    page.get_by_role("button", name="Add user").click()
    dialog(page).get_by_label("User id").fill(user_id)
    dialog(page).get_by_label("Name").fill(f"Name of {user_id}")
    dialog(page).get_by_role("button", name="Add").click()
    key = read_secret(page, gateway)
    put_away(page)
    assert gateway.talk(key, "Hello")["api_user"] == f"Name of {user_id}"
    second = visit(f"{gateway.url}/recall", key)
    second.get_by_role("link", name="1 turn").wait_for()

    find(page, user_id)
    do(page, f"Name of {user_id}", "Remove")
    dialog(page).get_by_role("button", name="Remove").click()
    page.get_by_text(f"Name of {user_id} was removed.").wait_for()
    assert page.get_by_text(f"Nobody matches “{user_id}”.").is_visible()
    assert gateway.chat(key, "Still there?").status_code == 401
    # The other browser is told, and asked for another key.
    second.get_by_role("link", name="1 turn").click()
    second.get_by_role("alert").get_by_text(WORDS["error.invalid_key"]).wait_for()
    assert second.get_by_role("button", name=WORDS["signin.submit"]).is_visible()


def test_a_new_key_is_shown_once_and_takes_the_old_one(visit, gateway):
    user_id = new_id()
    old = gateway.add_user(user_id, username=f"Name of {user_id}")
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    find(page, user_id)
    do(page, f"Name of {user_id}", "New key")
    assert gateway.get("/api/whoami", old).status_code == 200, "nothing is done before it is confirmed"
    dialog(page).get_by_role("button", name="Make a new key").click()
    key = read_secret(page, gateway)
    assert gateway.get("/api/whoami", key).status_code == 200
    assert gateway.get("/api/whoami", old).status_code == 401

    put_away(page)
    page.locator("dialog").wait_for(state="detached")
    assert key not in page.content()
    assert f"…{key[-4:]}" in page.get_by_role("row").nth(1).inner_text()


def test_the_key_can_be_copied(visit, gateway):
    user_id = new_id()
    gateway.add_user(user_id, username=f"Name of {user_id}")
    page = visit(f"{gateway.url}/admin", gateway.admin_key, permissions=["clipboard-read", "clipboard-write"])

    find(page, user_id)
    do(page, f"Name of {user_id}", "New key")
    dialog(page).get_by_role("button", name="Make a new key").click()
    key = read_secret(page, gateway)
    dialog(page).get_by_role("button", name=WORDS["action.copy"]).click()

    dialog(page).get_by_role("button", name=WORDS["action.copied"]).wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == key


def test_an_admin_with_a_new_key_of_its_own_stays_signed_in(visit, launch):
    gateway = launch("a")
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    do(page, "admin", "New key")
    dialog(page).get_by_role("button", name="Make a new key").click()
    key = read_secret(page, gateway)
    put_away(page)
    page.reload()

    page.get_by_role("row", name="admin").wait_for()
    assert gateway.get("/api/whoami", key).json()["role"] == "admin"
    assert gateway.get("/api/whoami", gateway.admin_key).status_code == 401


def test_plus_and_disabling_are_a_click_away(visit, gateway):
    user_id = new_id()
    key = gateway.add_user(user_id, username=f"Name of {user_id}")
    page = visit(f"{gateway.url}/admin", gateway.admin_key)
    find(page, user_id)

    page.get_by_role("switch", name=f"Plus for Name of {user_id}").click()
    page.get_by_text("may use Plus accounts now").wait_for()
    assert gateway.get("/api/whoami", key).json()["plus"] is True
    do(page, f"Name of {user_id}", "Disable")
    page.get_by_role("cell", name="Disabled").wait_for()
    assert gateway.chat(key, "Hello").json()["code"] == "user_disabled"
    do(page, f"Name of {user_id}", "Enable")
    page.get_by_role("cell", name="Active").wait_for()
    assert gateway.chat(key, "Hello").status_code == 200


def test_a_user_gets_another_name(visit, gateway):
    user_id = new_id()
    key = gateway.add_user(user_id, username=f"Name of {user_id}")
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    find(page, user_id)
    do(page, f"Name of {user_id}", "Rename")
    dialog(page).get_by_label("Name").fill("Another <b>name</b>")
    dialog(page).get_by_role("button", name=WORDS["action.save"]).click()

    page.get_by_role("row", name="Another <b>name</b>").wait_for()
    assert gateway.get("/api/whoami", key).json()["username"] == "Another <b>name</b>"


def test_what_the_server_refuses_is_said_and_nothing_typed_is_lost(visit, gateway):
    user_id = new_id()
    gateway.add_user(user_id)
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    page.get_by_role("button", name="Add user").click()
    dialog(page).get_by_label("User id").fill(user_id)
    dialog(page).get_by_label("Name").fill("Twice")
    dialog(page).get_by_role("button", name="Add").click()

    dialog(page).get_by_role("alert").get_by_text(WORDS["error.user_exists"]).wait_for()
    assert dialog(page).get_by_label("User id").input_value() == user_id
    assert dialog(page).get_by_label("Name").input_value() == "Twice"
    assert dialog(page).get_by_label("User id").evaluate("element => element === document.activeElement")


def test_a_client_sees_its_own_users_page_by_page_and_finds_them(visit, gateway):
    other = gateway.add_client()
    gateway.add_user("not-yours", creator=other)
    client = gateway.add_client()
    parallel(lambda number: gateway.add_user(f"mine-{number}", creator=client), range(55), at_once=8)
    page = visit(f"{gateway.url}/admin", client)

    page.get_by_text("Shown: 50 of 55").wait_for()
    tabs = [tab.inner_text() for tab in page.get_by_role("tab").all()]
    assert tabs == [WORDS["console.users"], WORDS["settings.usage_tab"]], "clients and accounts are not theirs"
    page.get_by_role("button", name="Show more").click()
    page.get_by_text("Total: 55").wait_for()
    assert "not-yours" not in page.content()
    find(page, "MINE-1 user")
    page.get_by_text("Total: 11").wait_for()
    find(page, "not-yours")
    page.get_by_text("Nobody matches").wait_for()
    page.get_by_role("button", name="Clear the search").click()
    page.get_by_text("Shown: 50 of 55").wait_for()
    assert page.get_by_role("switch").first.is_disabled(), "a client without plus cannot give it"


def test_a_client_without_users_is_told_what_to_do(visit, gateway):
    page = visit(f"{gateway.url}/admin", gateway.add_client())

    page.get_by_text("There are no users yet.").wait_for()
    page.get_by_role("button", name="Add the first user").click()
    assert dialog(page).get_by_label("User id").is_visible()
    assert dialog(page).get_by_label("client").count() == 0


def test_a_client_goes_only_together_with_its_users(visit, gateway):
    client_id = new_id()
    client = gateway.add_client(client_id, username=f"Name of {client_id}")
    key = gateway.add_user("its-user", creator=client)
    page = visit(f"{gateway.url}/admin#clients", gateway.admin_key)
    find(page, client_id)

    do(page, f"Name of {client_id}", "Show its users")
    page.get_by_role("row", name="its-user").wait_for()
    assert page.get_by_role("row").count() == 2
    page.get_by_role("tab", name="Clients").click()
    do(page, f"Name of {client_id}", "Remove")
    dialog(page).get_by_role("button", name="Remove").click()
    page.get_by_text("This client still has users.").wait_for()
    do(page, f"Name of {client_id}", "Remove")
    dialog(page).get_by_label("Remove its users, too").check()
    dialog(page).get_by_role("button", name="Remove").click()

    page.get_by_text(f"Name of {client_id} was removed.").wait_for()
    assert gateway.get("/api/whoami", key).status_code == gateway.get("/api/whoami", client).status_code == 401


def test_the_conversations_of_a_removed_user_are_kept_on_request(visit, gateway):
    user_id = new_id()
    gateway.talk(gateway.add_user(user_id, username=f"Name of {user_id}"), "Keep this")
    page = visit(f"{gateway.url}/admin", gateway.admin_key)

    find(page, user_id)
    do(page, f"Name of {user_id}", "Remove")
    dialog(page).get_by_label("Keep the conversations").check()
    dialog(page).get_by_role("button", name="Remove").click()
    page.get_by_text(f"Name of {user_id} was removed.").wait_for()

    kept = gateway.get(
        "/api/recall", gateway.admin_key, user_id=user_id, reason="to see that they were kept").json()
    assert len(kept) == 1
    # Who gets the id next sees nothing of them.
    assert gateway.recall(gateway.add_user(user_id)) == {}


def test_a_user_is_sent_to_the_chat(visit, gateway):
    page = visit(f"{gateway.url}/admin", gateway.add_user(username="Ursula"))

    assert "You are signed in as Ursula" in page.inner_text("main")
    assert page.get_by_role("link", name="Go to the chat").get_attribute("href") == "/chat"


def test_a_link_with_a_key_fills_the_field_only(visit, gateway):
    key = gateway.add_client()
    page = visit(f"{gateway.url}/admin?client={key}")

    assert page.get_by_label(WORDS["form.key"]).input_value() == key
    assert key not in page.url
    assert page.evaluate("Object.values(sessionStorage).length") == 0
    sign_in(page, key)
    page.get_by_text("There are no users yet.").wait_for()


def test_one_of_many_is_found_with_one_request(visit, gateway):
    client = gateway.add_client()
    parallel(lambda number: gateway.add_user(f"many-{number}", creator=client), range(60), at_once=8)
    gateway.add_user("the-one", creator=client, username="Zoë Çelik")
    page = visit(f"{gateway.url}/admin", client)
    page.get_by_text("Shown: 50 of 61").wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/users") else None)

    page.get_by_role("searchbox").press_sequentially("zoe cel", delay=20)
    page.get_by_text("Total: 1").wait_for()

    assert page.get_by_role("row", name="Zoë Çelik").is_visible()
    assert len(asked) == 1, "typing is waited for"


def test_filters_and_orders_are_the_servers(visit, gateway):
    client = gateway.add_client(plus=True)
    for name, plus in (("Bea", True), ("ada", False), ("Carl", True)):
        gateway.add_user(name.lower(), creator=client, username=name, plus=plus)
    page = visit(f"{gateway.url}/admin", client)
    names = page.locator("tbody strong")
    page.get_by_text("Total: 3").wait_for()
    expect(names).to_have_text(["Carl", "ada", "Bea"])

    page.get_by_label("Order", exact=True).select_option("By name")
    expect(names).to_have_text(["ada", "Bea", "Carl"])
    page.get_by_label("Plus", exact=True).select_option("With Plus")
    page.get_by_text("Total: 2").wait_for()
    page.get_by_label("State").select_option("Disabled")
    page.get_by_text(WORDS["users.none_filtered"]).wait_for()
    page.get_by_role("button", name="Clear the search").click()
    page.get_by_text("Total: 3").wait_for()
    assert page.get_by_label("Role").count() == 0, "a client has users only"


def test_many_are_changed_at_once_by_keyboard(visit, gateway):
    mark = new_id()
    keys = [gateway.add_user(f"{mark}-{number}", username=f"N{number} {mark}") for number in range(3)]
    page = visit(f"{gateway.url}/admin", gateway.admin_key)
    find(page, mark)
    page.get_by_text("Total: 3").wait_for()

    page.get_by_label("Select all that are shown").focus()
    page.keyboard.press("Space")
    page.get_by_text("Selected: 3").wait_for()
    page.get_by_label(f"Select N1 {mark}").focus()
    page.keyboard.press("Space")
    page.get_by_text("Selected: 2").wait_for()
    bar = page.get_by_role("group", name=WORDS["bulk.label"])
    bar.get_by_role("button", name="Disable").focus()
    page.keyboard.press("Enter")
    assert dialog(page).get_by_role("heading").inner_text() == "Disable: 2 selected"
    assert gateway.get("/api/whoami", keys[0]).status_code == 200, "nothing is done before it is confirmed"
    page.keyboard.press("Escape")
    dialog(page).wait_for(state="detached")
    bar.get_by_role("button", name="Disable").click()
    dialog(page).get_by_role("button", name=WORDS["bulk.confirm"]).click()

    page.get_by_text("Done for 2.").wait_for()
    assert page.get_by_role("cell", name="Disabled").count() == 2
    assert bar.is_hidden() and page.get_by_role("searchbox").evaluate("box => box === document.activeElement")
    assert [gateway.chat(key, "Hi").status_code for key in keys] == [403, 200, 403]


def test_many_are_removed_at_once_and_what_failed_is_said(visit, gateway):
    mark = new_id()
    keys = [gateway.add_user(f"{mark}-{number}", username=f"N{number} {mark}") for number in range(2)]
    page = visit(f"{gateway.url}/admin", gateway.admin_key)
    find(page, mark)
    page.get_by_text("Total: 2").wait_for()
    gateway.post("/api/client/remove-user", gateway.admin_key, user_id=f"{mark}-0").raise_for_status()

    page.get_by_label("Select all that are shown").check()
    page.get_by_role("group", name=WORDS["bulk.label"]).get_by_role("button", name="Remove").click()
    dialog(page).get_by_label("Keep the conversations").check()
    dialog(page).get_by_role("button", name=WORDS["bulk.confirm"]).click()

    page.get_by_text("Done for 1.").wait_for()
    page.get_by_role("alert").get_by_text(f"It failed for 1. {mark}-0:").wait_for()
    page.get_by_text("Total: 1").wait_for()
    assert gateway.get("/api/whoami", keys[1]).status_code == 401


def test_the_admin_itself_cannot_be_selected(visit, launch):
    gateway = launch("a")
    gateway.add_user("ada", username="Ada")
    page = visit(f"{gateway.url}/admin", gateway.admin_key)
    page.get_by_text("Total: 2").wait_for()

    assert page.get_by_label("Select Ada").is_visible()
    assert page.get_by_label("Select admin").count() == 0
    page.get_by_label("Select all that are shown").check()
    page.get_by_text("Selected: 1").wait_for()
    assert_accessible(page)
    page.get_by_label("Role").select_option("Administrators")
    page.get_by_text("Total: 1").wait_for()
    assert page.get_by_text("Selected: 1").is_hidden(), "what is not shown is not acted on"


def test_the_picker_of_users_asks_the_server(visit, gateway):
    client = gateway.add_client()
    gateway.talk(gateway.add_user("zoe-7", creator=client, username="Zoë Çelik"), "Hello from Zoë")
    parallel(lambda number: gateway.add_user(f"other-{number}", creator=client), range(30), at_once=8)
    page = visit(f"{gateway.url}/recall", client)

    field = page.get_by_label("User id")
    field.press_sequentially("celik")
    option = page.locator("datalist option")
    expect(option).to_have_count(1)
    assert option.get_attribute("value") == "zoe-7" and option.get_attribute("label") == "Zoë Çelik (zoe-7)"
    field.fill("zoe-7")
    page.get_by_role("button", name=WORDS["recall.show"]).click()
    page.get_by_role("link", name="1 turn").wait_for()


def test_an_admin_who_picks_a_clients_user_need_not_know_the_client(visit, gateway):
    client_id = new_id()
    client = gateway.add_client(client_id)
    user_id = new_id()
    gateway.add_user(user_id, creator=client, username="Somebody")
    page = visit(f"{gateway.url}/recall", gateway.admin_key)

    field = page.get_by_label("User id")
    field.press_sequentially(user_id)
    expect(page.locator("datalist option")).to_have_count(1)
    field.fill("")
    # As a choice from the list does.
    field.fill(user_id)

    expect(page.locator("input[name=owner]")).to_have_value(client_id)
