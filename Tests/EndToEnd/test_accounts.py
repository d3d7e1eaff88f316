"""What the operator and the admins see of accounts and do with them, over HTTP and on the command line."""

import json
import threading

from harness import process
from harness.answers import assert_error


def rows(gateway) -> dict[str, dict]:
    answer = gateway.get("/api/admin/accounts", gateway.admin_key)
    assert answer.status_code == 200, answer.text
    return {row["id"]: row for row in answer.json()["accounts"]}


def accounts(gateway, *arguments, **options):
    return gateway.cli(
        "accounts", *arguments, "--settings", gateway.settings_file, "--state-dir", gateway.state, **options)


def test_a_rest_is_shown_with_its_reason_and_its_end(launch, upstream):
    gateway = launch("a", "b", workers=2)
    user = gateway.add_user()
    upstream.script({"status": 429, "headers": {"Retry-After": "50"}}, account="a")
    for _ in range(2):
        gateway.talk(user, "Hi")

    row = rows(gateway)["a"]

    assert row["state"] == "resting" and "429" in row["reason"] and row["until"]
    assert (row["requests"], row["errors"]) == (0, 1)
    assert rows(gateway)["b"]["state"] == "ready" and rows(gateway)["b"]["requests"] == 2
    assert "key" not in json.dumps(row), "nothing of a credential is shown"


def test_only_admins_see_accounts(gateway):
    assert_error(gateway.get("/api/admin/accounts", gateway.add_user()), 403, "not_allowed")
    assert_error(gateway.get("/api/admin/accounts", gateway.add_client()), 403, "not_allowed")
    assert_error(gateway.get("/api/admin/accounts"), 401, "invalid_key")


def test_turns_in_flight_are_counted_over_all_workers(launch, upstream):
    gateway = launch("a", workers=4)
    user = gateway.add_user()
    upstream.script({"delay_ms": 3000}, times=5)
    threads = [threading.Thread(target=gateway.chat, args=(user, "Hi")) for _ in range(5)]
    for thread in threads:
        thread.start()

    process.eventually(lambda: rows(gateway)["a"]["in_flight"] == 5, "five turns are in flight")

    for thread in threads:
        thread.join()
    process.eventually(lambda: rows(gateway)["a"]["in_flight"] == 0, "no turn is in flight")


def test_an_account_disabled_on_the_command_line_is_out_in_every_worker(launch, upstream):
    gateway = launch("a", "b", workers=4)
    user = gateway.add_user()

    assert "disabled" in accounts(gateway, "disable", "a").stdout
    for _ in range(8):
        gateway.talk(user, "Hi")
    assert set(upstream.accounts()) == {"b"}

    # A person's word outlasts a reload.
    gateway.hup()
    assert rows(gateway)["a"]["state"] == "disabled"

    accounts(gateway, "enable", "a")
    for _ in range(2):
        gateway.talk(user, "Hi")
    assert "a" in upstream.accounts()


def test_an_account_is_tried_with_one_tiny_turn(launch, upstream):
    gateway = launch("a")
    good = gateway.post("/api/admin/accounts", gateway.admin_key, id="a", action="test").json()["account"]
    assert good["test"]["ok"] is True

    upstream.script({"status": 401}, account="a")
    listed = accounts(gateway, "test", "a", "--json").stdout
    assert json.loads(listed)["test"] == {"ok": False, "reason": json.loads(listed)["test"]["reason"]}
    assert rows(gateway)["a"]["state"] == "disabled"
    assert_error(gateway.post("/api/admin/accounts", gateway.admin_key, id="z", action="test"), 404, "not_found")


def test_the_flask_servers_users_keep_their_keys_and_conversations(launch, tmp_path):
    gateway = launch("a")
    key = gateway.secrets.keep("Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv")
    users = tmp_path / "users.json"
    users.write_text(json.dumps({"API_KEYS": {key: {
        "user_id": "ada", "username": "Ada", "plus": "true", "clients": ["self"], "is_client": None}}}))
    conversations = tmp_path / "conversations.json"
    conversations.write_text(json.dumps({"users": {"ada": {"username": "Ada", "conversations": {"old-1": {
        "title": "Rivers", "api_instance_type": "builtin", "api_instance": "gone@example.org",
        "messages": {"m1": {"prompt": "p", "reply": "r", "origin_time": "2023-03-01 10:00:00"}}}}}}}))
    command = ("import", "--state-dir", gateway.state, "--users", users, "--conversations", conversations)

    assert "would add 1 users and 1 conversations" in gateway.cli(*command, "--dry-run").stdout
    assert_error(gateway.get("/api/recall", key), 401)
    assert "added 1 users and 1 conversations; 0 problems" in gateway.cli(*command).stdout
    assert "added 0 users and 0 conversations" in gateway.cli(*command).stdout

    assert gateway.recall(key, "old-1")["messages"] == [
        {"m1": {"prompt": "p", "reply": "r", "origin_time": "2023-03-01 10:00:00.000000"}}]
    assert_error(gateway.chat(key, "More", conversation_id="old-1"), 409, "account_unavailable")
    exported = [json.loads(line) for line in gateway.cli(
        "export", "--state-dir", gateway.state, "--user-id", "ada").stdout.splitlines()]
    assert [line["type"] for line in exported] == ["user", "conversation"]
    assert key not in json.dumps(exported)


def test_an_admins_look_is_in_the_audit_log_and_a_change_of_the_log_shows(launch):
    gateway = launch("a")
    user = gateway.add_user("watched")
    gateway.talk(user, "Hi")
    for _ in range(3):
        gateway.get("/api/recall", gateway.admin_key, user_id="watched")
    verify = ("audit", "verify", "--state-dir", gateway.state)
    # The user that the admin added, and three looks.
    assert gateway.cli(*verify).stdout == "4 lines, the chain is whole\n"

    log = gateway.state / "audit.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    assert '"user_id":"watched"' in lines[0]
    log.write_text(lines[0] + lines[2])

    result = gateway.cli(*verify, is_checked=False)
    assert result.returncode == 1 and "Line 2 breaks the chain" in result.stderr
