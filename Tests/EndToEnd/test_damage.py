"""Files that a power cut spoilt and removals that were cut off, as a next start finds them."""

import signal

import pytest

from harness.answers import assert_error
from harness.process import eventually


def restart(gateway) -> None:
    gateway.signal(signal.SIGTERM)
    assert gateway.serve.wait(30) == 0
    (gateway.logs / "serve.out").write_text("")
    gateway.start_serve()


def test_a_kept_answer_that_is_spoilt_is_made_anew(launch):
    gateway = launch("a")
    key = gateway.add_user()

    def ask():
        return gateway.request(
            "POST", "/v1/chat/completions", key, headers={"Idempotency-Key": "one"},
            json={"model": "stub-model", "messages": [{"role": "user", "content": "Hello"}]})

    first = ask()
    [kept] = gateway.state.glob("answers/??/*/*.json")
    kept.write_bytes(b"")
    again = ask()

    assert first.status_code == again.status_code == 200
    assert "idempotency-replayed" not in again.headers
    assert ask().json() == again.json()


def test_a_user_that_cannot_be_read_keeps_nobody_else_out(launch):
    gateway = launch("a")
    before = set(gateway.state.glob("users/??/*.json"))
    spoilt_key = gateway.add_user()
    [record] = set(gateway.state.glob("users/??/*.json")) - before
    admin_key = gateway.admin_key
    record.write_bytes(b"")

    restart(gateway)

    assert gateway.admin_key == admin_key
    assert_error(gateway.get("/api/recall", spoilt_key), 500, "internal_error")
    gateway.talk(gateway.add_user(), "Hello")
    listed = gateway.get("/api/client/users", admin_key)
    assert listed.status_code == 200
    assert len(listed.json()["users"]) == len(before) + 1
    assert "a user's record cannot be read" in (gateway.logs / "serve.log").read_text()


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_removal_that_was_cut_off_is_finished_at_the_next_start(launch, is_kept):
    gateway = launch("a")
    other = gateway.add_user()
    gateway.talk(other, "Of somebody else")
    before = set(gateway.state.glob("users/??/*.json"))
    archives = set(gateway.state.glob("conversations/??/*"))
    key = gateway.add_user()
    gateway.talk(key, "Of the removed user")
    [record] = set(gateway.state.glob("users/??/*.json")) - before
    [archive] = set(gateway.state.glob("conversations/??/*")) - archives
    keys = set(gateway.state.glob("keys/??/*.json"))
    litter = gateway.state / "format.json.999999-1.tmp"

    # What a removal does first; with the mark it was asked to keep the conversations.
    if is_kept:
        (archive / "kept").touch(0o600)
    record.unlink()
    litter.touch(0o600)
    restart(gateway)

    eventually(lambda: not litter.exists(), "temporary files are swept")
    eventually(lambda: len(set(gateway.state.glob("keys/??/*.json"))) == len(keys) - 1, "the key's file is swept")
    assert archive.exists() == is_kept
    assert list((gateway.state / "trash").iterdir()) == []
    assert_error(gateway.get("/api/recall", key), 401, "invalid_key")
    assert len(gateway.recall(other)) == 1
