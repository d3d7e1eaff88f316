"""What is done on the command line is in the audit log, under the name of whoever did it."""

import getpass
import json

import pytest

from harness.gateway import new_id


def lines(gateway) -> list[dict]:
    path = gateway.state / "audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def command(gateway):
    """Runs a command on the state directory; gives the lines that it left in the audit log."""

    def command(*arguments, is_checked=True, settings=False) -> list[dict]:
        before = len(lines(gateway))
        words = ["--settings", gateway.settings_file] if settings else []
        result = gateway.cli(*arguments, "--state-dir", gateway.state, *words, is_checked=is_checked)
        if result.stdout.startswith("sk-cas-"):
            gateway.secrets.keep(result.stdout.strip())
        found = lines(gateway)[before:]
        assert all((line["actor"], line["unix_user"]) == ("cli", getpass.getuser()) for line in found), found
        assert "admin" not in {name for line in found for name in line}
        return found

    return command


def test_each_change_leaves_the_line_that_the_api_leaves(gateway, command):
    user, group = new_id(), new_id()
    person = ["--user-id", user]

    def one(*arguments, **options) -> dict:
        [line] = command(*arguments, **options)
        return line

    made = one("users", "add", *person, "--username", "Ada")
    assert (made["action"], made["owner"], made["user_id"], made["role"]) == ("add user", "self", user, "user")
    turned = one("users", "rotate-key", *person)
    assert (turned["action"], turned["user_id"]) == ("rotate key", user)
    assert isinstance(turned["user_number"], int)
    added = one("keys", "add", *person, "--name", "laptop")
    assert (added["action"], added["key_name"], added["user_id"]) == ("key.create", "laptop", user)
    assert one("keys", "rotate", *person, "laptop")["action"] == "key.rotate"
    assert one("keys", "revoke", *person, "laptop")["key_id"] == added["key_id"]
    limits = one("limits", "set", *person, "tokens_per_day=1000")
    assert (limits["action"], limits["limits"]) == ("limits.change", {"tokens_per_day": 1000})

    assert one("groups", "add", group, "name=Art")["group"] == group
    changed = one("groups", "set", group, "name=Arts", "plus=true")
    assert (changed["action"], changed["members"]) == ("group.change", ["name", "plus"])
    joined = one("groups", "members", group, "--add", user)
    assert (joined["action"], joined["group"], joined["user_id"]) == ("group.join", group, user)
    assert one("groups", "members", group, "--remove", user)["action"] == "group.leave"
    assert one("groups", "remove", group)["action"] == "group.remove"

    assert one("usage", "rebuild")["action"] == "usage.rebuild"
    off = one("accounts", "disable", "b", settings=True)
    assert (off["action"], off["account"]) == ("account.disable", "b")
    assert one("accounts", "enable", "b", settings=True)["action"] == "account.enable"
    removed = one("users", "remove", *person, "--keep-conversations")
    assert (removed["action"], removed["keep_conversations"]) == ("remove user", True)
    assert removed["user_number"] == turned["user_number"]
    assert "the chain is whole" in gateway.cli("audit", "verify", "--state-dir", gateway.state).stdout


def test_looks_and_what_cannot_be_done_leave_nothing(gateway, command):
    user = new_id()
    command("users", "add", "--user-id", user, "--username", "Ada")
    for arguments in (
            ["users", "list"], ["groups", "list"], ["keys", "list", "--user-id", user], ["usage", "verify"],
            ["limits", "show", "--user-id", user]):
        assert command(*arguments) == []
    assert command("accounts", "list", settings=True) == []
    for arguments in (
            ["users", "remove", "--user-id", "absent"], ["keys", "revoke", "--user-id", user, "absent"],
            ["groups", "remove", "absent"], ["limits", "set", "--user-id", user, "colour=1"]):
        assert command(*arguments, is_checked=False) == []
    assert command("accounts", "disable", "absent", is_checked=False, settings=True) == []


def test_admins_acts_on_accounts_are_in_the_log(gateway):
    before = len(lines(gateway))
    for action in ("disable", "enable"):
        answer = gateway.post("/api/admin/accounts", gateway.admin_key, id="a", action=action)
        assert answer.status_code == 200, answer.text
    found = lines(gateway)[before:]
    assert [(line["action"], line["account"], line["admin"]) for line in found] == [
        ("account.disable", "a", "admin"), ("account.enable", "a", "admin")]
