"""What upstreams are told of users, and what happens when one is blocked there."""

import hashlib
import hmac
import json
import re
import subprocess

import pytest

from harness import process
from harness.answers import assert_error
from harness.gateway import BINARY, new_id

PSEUDONYM = re.compile(r"u-[0-9a-f]{32}")
BLOCKED = {"error": {
    "message": "Identifier blocked. secret-upstream-detail", "type": "invalid_request_error", "code": None}}


def stop(gateway):
    process.stop(gateway.serve)
    (gateway.logs / "serve.out").unlink()


def start(gateway):
    gateway.start_serve()
    process.eventually(gateway.is_answering, "the program answers again")


def ask(gateway, key, **members):
    answer = gateway.post(
        "/v1/chat/completions", key, model="stub-model", messages=[{"role": "user", "content": "Hi"}], **members)
    assert answer.status_code == 200, answer.text
    return answer


def test_what_a_caller_says_of_itself_never_goes_out(launch, upstream):
    gateway = launch(
        upstream.instance("a"), upstream.instance("b", user_field="both"),
        upstream.instance("c", user_field="none", shared_cache_keys=True))
    key = gateway.add_user()

    for _ in range(3):
        ask(gateway, key, user="me", safety_identifier="mine", prompt_cache_key="notes")

    bodies = {account: upstream.requests(account=account)[0]["body"] for account in "abc"}
    name = bodies["a"]["user"]
    assert PSEUDONYM.fullmatch(name) and "safety_identifier" not in bodies["a"]
    assert bodies["b"]["user"] == bodies["b"]["safety_identifier"] == name
    assert not {"user", "safety_identifier"} & bodies["c"].keys()
    assert bodies["a"]["prompt_cache_key"] == f"{name}-notes" and bodies["c"]["prompt_cache_key"] == "notes"


def test_titles_name_the_same_user_and_another_user_has_another_name(gateway, upstream):
    gateway.talk(gateway.add_user(), "First")
    gateway.talk(gateway.add_user(), "Second")

    chats, titles = ([record["body"]["user"] for record in upstream.requests(kind)] for kind in ("chat", "title"))

    assert chats == titles and len(set(chats)) == 2


def test_the_name_is_computed_with_the_key_of_the_state_and_outlives_a_restart(launch, upstream):
    gateway = launch("a")
    key = gateway.add_user()
    gateway.talk(key, "One")
    stop(gateway)
    start(gateway)
    gateway.talk(key, "Two")

    secret = gateway.state / "secrets" / "pseudonym.key"
    numbers = [json.loads(file.read_text())["number"] for file in gateway.state.glob("users/??/*.json")]
    names = {
        "u-" + hmac.new(
            secret.read_bytes(), b"127.0.0.1\0" + hashlib.sha256(f"\0{number}".encode()).hexdigest().encode(), "sha256"
        ).hexdigest()[:32]
        for number in numbers}
    told = {record["body"]["user"] for record in upstream.requests()}
    assert len(told) == 1 and told <= names
    assert secret.stat().st_mode & 0o777 == 0o600 and secret.stat().st_size == 32


@pytest.mark.parametrize("what", ["gone", "damaged"])
def test_without_its_key_the_server_says_so_and_makes_no_other(launch, what):
    gateway = launch("a")
    stop(gateway)
    secret = gateway.state / "secrets" / "pseudonym.key"
    before = secret.read_bytes()
    if what == "gone":
        secret.unlink()
    else:
        secret.write_bytes(before[:-1])

    result = subprocess.run(
        [BINARY, "serve", "--settings", gateway.settings_file, "--state-dir", gateway.state, "--socket",
         gateway.socket], capture_output=True, text=True, timeout=60)

    assert result.returncode != 0 and f"pseudonym.key is {what}" in result.stderr, result.stderr
    assert not secret.exists() if what == "gone" else secret.read_bytes() == before[:-1]
    # Back from the backup, it is as before.
    secret.write_bytes(before)
    start(gateway)


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("stream", [False, True])
def test_a_person_blocked_upstream_is_told_so_and_nobody_else_notices(launch, upstream, status, stream):
    gateway = launch("a", "b")
    blocked, other = gateway.add_user(), gateway.add_user()
    upstream.script({"status": status, "body": BLOCKED}, holding="[blocked]", times=-1)

    for _ in range(3):
        answer = gateway.chat(blocked, "[blocked] Hi", stream=stream)
        assert_error(answer, 403, "blocked_by_upstream")
        assert answer.headers["x-should-retry"] == "false"
    answer = gateway.post("/v1/chat/completions", blocked, model="stub-model", stream=stream,
                          messages=[{"role": "user", "content": "[blocked] Hi"}])

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (403, "blocked_by_upstream", "permission_error")
    assert "secret" not in answer.text
    # One account was asked each time, and none is suspect.
    assert len(upstream.requests()) == 4
    rows = gateway.get("/api/admin/accounts", gateway.admin_key).json()["accounts"]
    assert [(row["state"], row["reason"], row["failures"]) for row in rows] == [("ready", None, 0)] * 2
    for _ in range(2):
        gateway.talk(other, "Hi")


def test_a_credential_that_is_refused_still_takes_the_account_out(launch, upstream):
    gateway = launch("a")
    upstream.script({"status": 403, "body": {"error": {"message": "Your organization is blocked.", "code": "x"}}})

    assert_error(gateway.chat(gateway.add_user(), "Hi"), 502)

    (row,) = gateway.get("/api/admin/accounts", gateway.admin_key).json()["accounts"]
    assert row["state"] == "disabled"


def resolve(gateway, name, **options):
    return gateway.cli(
        "pseudonym", "resolve", "--settings", gateway.settings_file, "--state-dir", gateway.state, name, **options)


def test_the_operator_finds_the_user_of_a_pseudonym_and_that_is_in_the_audit_log(launch, upstream):
    gateway = launch("a")
    for _ in range(3):
        gateway.add_user()
    client_id, user_id = new_id(), new_id()
    client = gateway.add_client(client_id)
    gateway.talk(gateway.add_user(user_id, creator=client), "Hi")
    (record,) = upstream.requests()
    name = record["body"]["user"]

    assert resolve(gateway, name).stdout.split("\t")[:2] == [client_id, user_id]

    unknown = resolve(gateway, "u-" + "0" * 32, is_checked=False)
    assert unknown.returncode != 0 and "No user" in unknown.stderr and not unknown.stdout
    assert resolve(gateway, "u-7", is_checked=False).returncode != 0
    lines = [json.loads(line) for line in (gateway.state / "audit.jsonl").read_text().splitlines()]
    looks = [line for line in lines if line["action"] == "pseudonym.resolve"]
    assert [(line["pseudonym"], line.get("owner"), line.get("user_id")) for line in looks] == [
        (name, client_id, user_id), ("u-" + "0" * 32, None, None)]
    gateway.cli("audit", "verify", "--state-dir", gateway.state)
