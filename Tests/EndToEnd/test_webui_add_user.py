"""The page that adds a user, in a browser."""

from harness.gateway import new_id
from harness.webui import WORDS, chromium, put_away, read_secret, visit


def fill(page, user_id: str, name: str) -> None:
    page.get_by_label("User id").fill(user_id)
    page.get_by_label("Name", exact=True).fill(name)


def test_an_admin_adds_a_user_and_another_one(visit, gateway):
    page = visit(f"{gateway.url}/admin/add-user?admin={gateway.admin_key}")
    assert gateway.admin_key not in page.url
    assert page.get_by_label(WORDS["form.key"]).input_value() == gateway.admin_key

    fill(page, new_id(), "Made in a browser")
    page.get_by_label("May use Plus accounts").check()
    page.get_by_role("button", name="Add").click()
    key = read_secret(page, gateway)
    whoami = gateway.get("/api/whoami", key).json()
    assert (whoami["username"], whoami["plus"], whoami["role"]) == ("Made in a browser", True, "user")

    put_away(page)
    page.locator("dialog").wait_for(state="detached")
    assert key not in page.content()
    assert page.get_by_text("Signed in as admin.").is_visible()
    assert page.get_by_role("button", name="admin", exact=True).is_visible(), "who can sign out"
    assert page.get_by_role("status").get_by_text("Made in a browser was added.").is_visible()
    assert page.get_by_label("User id").input_value() == ""
    fill(page, new_id(), "A bot")
    page.get_by_label("Is a client").check()
    page.get_by_role("button", name="Add").click()
    page.get_by_role("dialog").wait_for()
    assert gateway.get("/api/whoami", read_secret(page, gateway)).json()["role"] == "client"
    put_away(page)
    page.get_by_role("link", name="Go to the console").click()
    page.get_by_role("heading", name="Console").wait_for()


def test_a_link_fills_the_form(visit, gateway):
    page = visit(f"{gateway.url}/admin/add-user?userid=from-a-link&username=From%20a%20link")

    assert page.get_by_label("User id").input_value() == "from-a-link"
    assert page.get_by_label("Name", exact=True).input_value() == "From a link"
    assert page.url == f"{gateway.url}/admin/add-user"


def test_a_client_that_wants_a_client_is_told_no(visit, gateway):
    page = visit(f"{gateway.url}/admin/add-user")

    page.get_by_label(WORDS["form.key"]).fill(gateway.add_client())
    fill(page, new_id(), "A bot of a bot")
    page.get_by_label("Is a client").check()
    page.get_by_role("button", name="Add").click()

    page.get_by_role("alert").get_by_text("Clients cannot create new clients.").wait_for()
    assert page.get_by_role("dialog").count() == 0


def test_a_user_is_told_whose_page_it_is(visit, gateway):
    page = visit(f"{gateway.url}/admin", gateway.add_user(username="Ursula"))
    page.goto(f"{gateway.url}/admin/add-user")

    page.get_by_text("You are signed in as Ursula").wait_for()
    assert page.get_by_label("User id").count() == 0
    page.get_by_role("button", name="Use another key").click()
    page.get_by_label(WORDS["form.key"]).wait_for()


def test_an_id_in_use_is_said_at_its_field(visit, gateway):
    user_id = new_id()
    gateway.add_user(user_id)
    page = visit(f"{gateway.url}/admin/add-user?admin={gateway.admin_key}")

    fill(page, user_id, "Twice")
    page.get_by_role("button", name="Add").click()

    page.get_by_role("alert").get_by_text(WORDS["error.user_exists"]).wait_for()
    assert page.get_by_label("User id").evaluate("element => element === document.activeElement")
    assert page.get_by_label("Name", exact=True).input_value() == "Twice"
