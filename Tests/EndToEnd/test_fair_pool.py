"""What one caller's requests cost the others: nothing. What is really dead still rests."""

import threading
import time

import pytest

from harness import process
from harness.answers import assert_error, reply_of
from harness.load import Background, parallel

pytestmark = pytest.mark.alone

#: What llama.cpp answers to a picture where its model sees none.
NO_PICTURES = {
    "status": 500,
    "body": {"error": {"code": 500, "type": "server_error", "message":
             "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"}},
}
PICTURE = "data:image/png;base64,aGVsbG8="
#: Prompts that make the stub fail, whichever account they come to.
HOSTILE = [
    "[[status:500]] x", "[[status:503]] x", "[[garbage]] x", "[[close_before_head]] x", "[[html_200]] x",
    "[[invalid_json]] x", "[[close_mid_stream:1]] x", "[[close_mid_stream:0]] x", "[[status:529]] x", "[[status:302]] x",
]
OWN_FAULT = {400, 422, 502}


def rows(gateway) -> dict[str, dict]:
    return {row["id"]: row for row in gateway.get("/api/admin/accounts", gateway.admin_key).json()["accounts"]}


def states(gateway) -> set[str]:
    return {row["state"] for row in rows(gateway).values()}


def show_picture(gateway, key: str):
    return gateway.post("/v1/chat/completions", key, model="stub-model", messages=[
        {"role": "user", "content": [
            {"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PICTURE}}]}])


class Plain:
    """Another user's plain requests, one after another, each on a new conversation."""

    def __init__(self, gateway) -> None:
        self.gateway = gateway
        self.key = gateway.add_user()
        self.answers: list[tuple[int, str, float]] = []

    def __call__(self) -> None:
        start = time.monotonic()
        answer = self.gateway.chat(self.key, "Plain")
        self.answers.append((answer.status_code, answer.text, time.monotonic() - start))

    def check(self, least: int) -> None:
        assert len(self.answers) >= least
        assert [answer for answer in self.answers if answer[0] != 200] == []


@pytest.mark.parametrize("accounts", ["a", "abc"])
def test_fifty_requests_on_which_every_upstream_fails_cost_nobody_else_an_answer(launch, upstream, accounts):
    gateway = launch(*accounts, workers=2)
    upstream.script(NO_PICTURES, times=-1, holding="image_url")
    hostile, plain = gateway.add_user(), Plain(gateway)

    with Background(plain, threads=2):
        answers = [gateway.chat(hostile, HOSTILE[number % len(HOSTILE)]) for number in range(50)]
        pictures = [show_picture(gateway, hostile) for _ in range(50)]

    plain.check(least=20)
    assert {answer.status_code for answer in answers} <= OWN_FAULT
    assert {answer.status_code for answer in pictures} <= OWN_FAULT
    assert "no_account_available" not in "".join(answer.text for answer in answers + pictures)
    assert max(answer.elapsed.total_seconds() for answer in answers + pictures) < 10
    assert states(gateway) == {"ready"}


@pytest.mark.parametrize("accounts", ["a", "abc"])
def test_several_hostile_callers_at_once_do_not_add_up(launch, upstream, accounts):
    gateway = launch(*accounts, workers=2)
    hostile, plain = [gateway.add_user() for _ in range(6)], Plain(gateway)

    with Background(plain, threads=1):
        answers = parallel(
            lambda number: gateway.chat(hostile[number % 6], HOSTILE[number % len(HOSTILE)]), range(60), at_once=6)

    plain.check(least=5)
    assert {answer.status_code for answer in answers} <= OWN_FAULT
    assert states(gateway) == {"ready"}


def test_a_request_is_not_sent_round_the_whole_pool(launch, upstream):
    gateway = launch("a", "b", "c")
    key = gateway.add_user()

    assert_error(gateway.chat(key, "[[status:500]] Marked"), 502, "upstream_failed")

    marked = [record for record in upstream.requests() if "Marked" in str(record["body"])]
    assert len(marked) == 2


def test_many_bad_requests_cause_few_probes(launch, upstream):
    gateway = launch("a", workers=2)
    key = gateway.add_user()

    start = time.monotonic()
    parallel(lambda _: gateway.chat(key, "[[status:500]] Marked"), range(40), at_once=8)
    elapsed = time.monotonic() - start

    probes = [record for record in upstream.requests() if "Marked" not in str(record["body"])]
    assert 1 <= len(probes) <= 2 + elapsed / 3


def test_follow_ups_rest_no_account_by_themselves(launch, upstream):
    gateway = launch("a")
    key, other = gateway.add_user(), gateway.add_user()
    mine = gateway.talk(key, "Mine")["conversation_id"]
    others = gateway.talk(other, "Others")["conversation_id"]

    for number in range(10):
        answer = gateway.chat(key, HOSTILE[number % len(HOSTILE)], conversation_id=mine)
        assert answer.status_code in OWN_FAULT, answer.text
        gateway.talk(other, "Next", conversation_id=others)

    assert states(gateway) == {"ready"}


#: What a dead account does with everything, its probe too, and whether that can be told at once.
DEAD = {
    "status_500": {"status": 500}, "status_503": {"status": 503}, "garbage": {"garbage": True},
    "reset": {"close_before_head": True}, "html": {"html_200": True}, "cut": {"close_mid_stream": 1},
}


@pytest.mark.parametrize("name", DEAD)
def test_a_dead_account_rests_and_traffic_moves_on(launch, upstream, name):
    gateway = launch("a", "b", "c", workers=2)
    key = gateway.add_user()
    upstream.script(DEAD[name], account="a", times=-1)

    process.eventually(
        lambda: gateway.chat(key, "Hello") and rows(gateway)["a"]["state"] == "resting", "the dead account rests")

    asked = len(upstream.requests(account="a"))
    assert asked <= 8
    for number in range(6):
        assert reply_of(gateway.talk(key, f"Prompt {number}")) == f"You said: Prompt {number} (messages: 1)"
    assert {rows(gateway)[name]["state"] for name in "bc"} == {"ready"}


def test_an_account_that_refuses_connections_rests_and_comes_back_by_itself(launch, upstream):
    port = process.free_port()
    gateway = launch(upstream.instance("a", base_url=f"http://127.0.0.1:{port}/v1"), "b")
    key = gateway.add_user()

    for number in range(6):
        gateway.talk(key, f"Prompt {number}")

    process.eventually(lambda: rows(gateway)["a"]["state"] == "resting", "the dead account rests")
    process.eventually(lambda: rows(gateway)["a"]["state"] == "ready", "it comes back", patience=20)


def test_the_only_account_rests_when_it_is_dead_for_all(launch, upstream):
    gateway = launch("a")
    key = gateway.add_user()
    upstream.script({"status": 500}, times=-1)

    assert_error(gateway.chat(key, "One"), 502, "upstream_failed")
    process.eventually(lambda: rows(gateway)["a"]["state"] == "resting", "the dead account rests")
    refused = gateway.chat(key, "Two")

    assert_error(refused, 503, "no_account_available")
    assert 1 <= int(refused.headers["retry-after"]) <= 5


def test_more_dead_accounts_than_tries_do_not_keep_a_request_from_a_good_one(launch, upstream):
    gateway = launch("a", "b", "c")
    for dead in "ab":
        upstream.script({"status": 500}, account=dead, times=-1)

    assert reply_of(gateway.talk(gateway.add_user(), "Hello")) == "You said: Hello (messages: 1)"


def test_an_account_that_hangs_is_asked_after_the_others(launch, upstream):
    gateway = launch("a", "b", workers=1)
    key = gateway.add_user()
    upstream.script({"hang_mid_stream": 0}, account="a", times=-1, holding="Answer with the word OK.")
    upstream.script({"status": 500}, account="a", times=1)
    gateway.talk(key, "First")
    process.eventually(
        lambda: gateway.talk(key, "Hello") and (rows(gateway)["a"]["reason"] or "").startswith("suspect"),
        "the account is suspected")

    before = len(upstream.requests())
    for _ in range(4):
        gateway.talk(key, "Next")

    assert set(upstream.accounts()[before:]) == {"b"}
    assert rows(gateway)["a"]["state"] == "ready"


def test_a_busy_account_with_one_slot_is_proved_well_by_the_turn_that_has_it(launch, upstream):
    gateway = launch(upstream.instance("a", max_concurrent=1))
    hostile, plain = gateway.add_user(), gateway.add_user()
    slow: list = []
    thread = threading.Thread(target=lambda: slow.append(gateway.chat(plain, "[[piece_delay_ms:300]] Slow and good")))

    assert_error(gateway.chat(hostile, "[[status:500]] x"), 502)
    thread.start()
    thread.join()
    gateway.talk(plain, "And again")

    assert slow[0].status_code == 200
    assert states(gateway) == {"ready"}


def test_all_accounts_at_their_rate_limit_are_told_as_that(launch, upstream):
    gateway = launch("a", "b")
    key = gateway.add_user()
    upstream.script({"status": 429, "headers": {"Retry-After": 20}}, account="a", times=-1)
    upstream.script({"status": 429, "headers": {"Retry-After": 60}}, account="b", times=-1)

    for _ in range(2):
        refused = gateway.chat(key, "Hello")
        assert_error(refused, 429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 20
    told = gateway.post(
        "/v1/chat/completions", key, model="stub-model", messages=[{"role": "user", "content": "Hello"}])
    assert told.status_code == 429
    assert told.json()["error"]["code"] == "rate_limit_exceeded"
    assert 1 <= int(told.headers["retry-after"]) <= 20
    assert len(upstream.requests()) == 2


def test_names_of_models_are_bounded_and_leave_no_rounds(launch, upstream):
    upstream.script({"status": 500}, kind="models", times=-1)
    gateway = launch(upstream.instance("a", models=[]), upstream.instance("b", models=[]))
    key = gateway.add_user()

    for path, body in [
        ("/api/chat", {"prompt": "Hello"}), ("/api/chat", {"prompt": "Hello", "stream": True}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}),
    ]:
        assert gateway.post(path, key, model="m" * 256, **body).status_code == 200
        for name in ["m" * 257, "é" * 129, "m" * 900_000]:
            assert gateway.post(path, key, model=name, **body).status_code == 400
    assert gateway.get("/api/chat", key, prompt="Hello", model="m" * 257).status_code == 400
    form = gateway.request("POST", "/api/chat", key, data={"prompt": "Hello", "model": "m" * 257})
    assert form.status_code == 400
    for number in range(40):
        gateway.talk(key, "Hello", model=f"{number}-" + "n" * 200)

    assert (gateway.state / "accounts/page").stat().st_size < 65_536
