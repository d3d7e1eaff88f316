"""What people may use: limits hold exactly over all workers, and whoever meets one is told so."""

import os
import signal
import threading
import time
from datetime import datetime, timedelta, timezone

import httpx
import openai
import pytest

from conftest import run, settings_of
from harness import process
from harness.gateway import Gateway, new_id
from harness.load import parallel

#: With the stub's answer (4 words more than the prompt) 100 tokens.
HUNDRED = " ".join("a" * 48)


@pytest.fixture
def limited(upstream):
    """Starts a gateway with limits: `limited({"user": {…}}, workers=4)`."""
    running = []

    def limited(limits: dict, *accounts, workers: int = 2, **api_server) -> Gateway:
        settings = {**settings_of(upstream, *(accounts or ("a",)), **api_server), "limits": limits}
        running.append(run(Gateway(upstream, settings, workers)))
        return next(running[-1])

    yield limited
    for gateway in running:
        next(gateway, None)


def complete(gateway: Gateway, key: str, text: str = "Hi", **members):
    return gateway.post(
        "/v1/chat/completions", key, model="stub-model", messages=[{"role": "user", "content": text}], **members)


def own(gateway: Gateway, key: str, kind: str, subject: str = "user") -> dict:
    answer = gateway.get("/api/limits", key)
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json()["limits"] if (one["kind"], one["subject"]) == (kind, subject))


def set_limits(gateway: Gateway, user_id: str, **members) -> dict:
    answer = gateway.post("/api/client/update-user", gateway.admin_key, user_id=user_id, **members)
    assert answer.status_code == 200, answer.text
    return answer.json()["user"]


def test_20_requests_a_minute_over_four_workers(limited, upstream):
    gateway = limited({"user": {"requests_per_minute": 20}}, workers=4)
    key = gateway.add_user()

    answers = parallel(lambda _: complete(gateway, key), range(200), 50)

    assert sorted({answer.status_code for answer in answers}) == [200, 429]
    assert sum(answer.status_code == 200 for answer in answers) == 20
    assert len(upstream.requests()) == 20
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "rate_limit_exceeded" and refused.json()["error"]["type"] == "requests"
    assert 1 <= int(refused.headers["retry-after"]) <= 64
    assert own(gateway, key, "requests_per_minute")["used"] == 20


def test_1000_tokens_a_day_of_100_each_end_at_exactly_10(limited, upstream):
    gateway = limited({"user": {"tokens_per_day": 1000}}, workers=4)
    key = gateway.add_user()

    answers = parallel(lambda _: complete(gateway, key, HUNDRED, max_tokens=40), range(50), 50)

    assert sum(answer.status_code == 200 for answer in answers) == 10
    standing = own(gateway, key, "tokens_per_day")
    assert (standing["used"], standing["reserved"], standing["max"]) == (1000, 0, 1000)
    refused = complete(gateway, key)
    assert refused.status_code == 429 and refused.headers["x-should-retry"] == "false"
    assert refused.json()["error"]["code"] == refused.json()["error"]["type"] == "insufficient_quota"
    assert len(upstream.requests()) == 10


def test_three_at_a_time_and_what_a_dead_worker_held_comes_back(limited, upstream):
    gateway = limited({"user": {"concurrent": 3}}, workers=4, queue_timeout=20)
    key = gateway.add_user()

    answers = parallel(lambda _: complete(gateway, key, "[[delay_ms:50]] Hi"), range(30), 30)

    assert {answer.status_code for answer in answers} == {200}
    assert upstream.state()["most_in_flight"]["a"]["chat"] == 3

    def hang():
        try:
            complete(gateway, key, "[[hang]] x")
        except Exception:  # noqa: BLE001 - its worker is killed
            pass

    holders = [threading.Thread(target=hang) for _ in range(3)]
    for holder in holders:
        holder.start()
    upstream.wait_in_flight(3)
    for pid in gateway.worker_pids():
        os.kill(pid, signal.SIGKILL)
    # nginx has nobody to ask until the first new worker listens.
    process.eventually(lambda: gateway.get("/api/whoami", key).status_code == 200, "a new worker listens")
    back = time.monotonic()
    process.eventually(lambda: complete(gateway, key).status_code == 200, "the next one passes")
    assert time.monotonic() - back < 5
    process.eventually(lambda: own(gateway, key, "concurrent")["reserved"] == 0, "nothing stays reserved")
    for holder in holders:
        holder.join()


def test_a_refused_call_consumes_nothing_and_a_failed_one_is_counted(limited, upstream):
    gateway = limited({"user": {"requests_per_minute": 3, "tokens_per_day": 100_000}})
    key = gateway.add_user()

    assert gateway.post("/v1/chat/completions", key, messages=[]).status_code == 400
    assert gateway.chat(key, "Hi", conversation_id="none").status_code == 404
    assert gateway.chat(key, "Hi", model="no-such-model").status_code == 404
    assert own(gateway, key, "requests_per_minute")["used"] == 0
    assert complete(gateway, key, "[[status:400]] x").status_code == 400
    assert own(gateway, key, "requests_per_minute")["used"] == 1
    for _ in range(2):
        assert complete(gateway, key).status_code == 200
    before = own(gateway, key, "tokens_per_day")
    for _ in range(5):
        assert complete(gateway, key).status_code == 429
    assert own(gateway, key, "requests_per_minute")["used"] == 3
    assert own(gateway, key, "tokens_per_day") == before and before["reserved"] == 0


def test_a_caller_that_leaves_gives_back_what_it_had_reserved(limited, upstream):
    gateway = limited({"user": {"concurrent": 1, "tokens_per_day": 100_000}})
    key = gateway.add_user()

    with gateway.http.stream(
        "POST", "/v1/chat/completions", headers={"Authorization": f"Bearer {key}"},
        json={"model": "stub-model", "stream": True, "messages": [
            {"role": "user", "content": "[[never_ending;piece_delay_ms:20]] x"}]},
    ) as stream:
        next(stream.iter_lines())
        assert own(gateway, key, "concurrent")["reserved"] == 1

    process.eventually(lambda: own(gateway, key, "concurrent")["reserved"] == 0, "the hold is given back")
    standing = own(gateway, key, "tokens_per_day")
    assert standing["reserved"] == 0 and standing["used"] > 0


def test_the_sdk_raises_what_its_users_expect(limited):
    gateway = limited({"user": {"tokens_per_day": 100}})
    answers = []
    client = openai.OpenAI(
        base_url=f"{gateway.url}/v1", api_key=gateway.add_user(), max_retries=2, timeout=30,
        http_client=httpx.Client(event_hooks={"response": [answers.append]}))
    ask = {"model": "stub-model", "messages": [{"role": "user", "content": HUNDRED}], "max_tokens": 40}
    client.chat.completions.create(**ask)

    with pytest.raises(openai.RateLimitError) as raised:
        client.chat.completions.create(**ask)

    assert [answer.status_code for answer in answers] == [200, 429], "it was not tried again"
    assert raised.value.code == "insufficient_quota"


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
def test_header_fields_tell_what_is_left(limited, path, is_stream):
    gateway = limited({"user": {"requests_per_minute": 5, "tokens_per_day": 1000}})
    key = gateway.add_user()

    def ask():
        body = {"prompt": HUNDRED} if path == "/api/chat" else {
            "model": "stub-model", "messages": [{"role": "user", "content": HUNDRED}]}
        return gateway.post(path, key, **body, stream=is_stream)

    headers = [ask().headers for _ in range(2)]

    assert [one["x-ratelimit-limit-requests"] for one in headers] == ["5", "5"]
    assert [one["x-ratelimit-remaining-requests"] for one in headers] == ["4", "3"]
    assert headers[0]["x-ratelimit-limit-tokens"] == "1000"
    assert headers[0]["x-ratelimit-reset-requests"].endswith("s")
    assert "x-limit-warning" not in headers[0]


def test_without_limits_there_are_no_such_header_fields(gateway):
    answer = gateway.chat(gateway.add_user(), "Hi")

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith(("x-ratelimit", "x-limit"))]


def test_the_answer_is_given_an_end_near_the_limit(limited, upstream):
    gateway = limited({"user": {"tokens_per_day": 200}, "reserve_completion_tokens": 500})
    key = gateway.add_user()
    other = gateway.add_user()

    complete(gateway, key, "Hi")
    complete(gateway, other, "Hi", max_completion_tokens=5)

    first, second = (request["body"] for request in upstream.requests())
    assert 100 < first["max_tokens"] < 200 and "max_completion_tokens" not in first
    assert second["max_completion_tokens"] == 5 and "max_tokens" not in second


def test_without_a_limit_of_tokens_the_answer_is_given_no_end(limited, upstream):
    gateway = limited({"user": {"requests_per_minute": 10}})

    complete(gateway, gateway.add_user())

    assert "max_tokens" not in upstream.requests()[0]["body"]


def test_above_the_soft_part_a_cheaper_model_answers_and_says_so(limited, upstream):
    account = upstream.instance("a", models=["stub-model", "small-model"])
    gateway = limited(
        {"user": {"tokens_per_day": 1000}, "soft_percent": 10, "on_soft_limit": {"model": "small-model"}}, account)
    key = gateway.add_user()

    first, second = (complete(gateway, key, HUNDRED, max_tokens=40) for _ in range(2))

    assert first.json()["model"] == "stub-model" and "x-limit-warning" not in first.headers
    assert second.json()["model"] == second.headers["x-limit-model"] == "small-model"
    assert second.headers["x-limit-warning"] == "user tokens_per_day 10%"


def test_own_limits_replace_the_defaults_kind_by_kind(limited):
    gateway = limited({"user": {"requests_per_minute": 2, "concurrent": 9}})
    user_id = new_id()
    key = gateway.add_user(user_id)

    shown = set_limits(gateway, user_id, limits={"requests_per_minute": 1, "tokens_per_day": None})

    assert shown["limits"] == {"requests_per_minute": 1, "tokens_per_day": None}
    assert own(gateway, key, "requests_per_minute")["max"] == 1
    assert own(gateway, key, "concurrent")["max"] == 9
    form = gateway.request(
        "POST", "/api/client/update-user", gateway.admin_key,
        data={"user_id": user_id, "limit_requests_per_minute": "default", "limit_concurrent": "none"})
    assert form.json()["user"]["limits"] == {"tokens_per_day": None, "concurrent": None}
    assert own(gateway, key, "requests_per_minute")["max"] == 2


@pytest.mark.parametrize("members, parameter", [
    ({"limits": {"tokens_per_week": 1}}, "limits.tokens_per_week"), ({"limits": {"concurrent": -1}}, "limits.concurrent"),
    ({"limits": 5}, "limits"), ({"limit_concurrent": "many"}, "limit_concurrent"),
    ({"user_limits": {"concurrent": 1}}, "user_limits"),
])
def test_wrong_limits_are_refused(gateway, members, parameter):
    user_id = new_id()
    gateway.add_user(user_id)

    answer = gateway.post("/api/client/update-user", gateway.admin_key, user_id=user_id, **members)

    assert (answer.status_code, answer.json()["parameter"]) == (422, parameter)


def test_a_clients_users_share_its_limit_and_have_its_defaults(limited):
    gateway = limited({"user": {"requests_per_minute": 50}})
    client_id = new_id()
    client = gateway.add_client(client_id)
    set_limits(gateway, client_id, limits={"requests_per_minute": 3}, user_limits={"requests_per_minute": 2})
    one, two = gateway.add_user(creator=client), gateway.add_user(creator=client)

    assert [complete(gateway, one).status_code for _ in range(3)] == [200, 200, 429]
    assert [complete(gateway, two).status_code for _ in range(2)] == [200, 429]
    refused = gateway.chat(two, "Hi").json()
    assert (refused["code"], refused["limit"]["subject"], refused["limit"]["max"]) == ("limit_reached", "client", 3)
    assert own(gateway, two, "requests_per_minute", "client")["used"] == 3


def test_a_client_gives_its_users_no_more_than_it_has(limited):
    gateway = limited({"user": {"tokens_per_day": 500}})
    client_id, user_id = new_id(), new_id()
    client = gateway.add_client(client_id)
    gateway.add_user(user_id, creator=client)
    set_limits(gateway, client_id, limits={"concurrent": 3})

    def change(**limits) -> int:
        return gateway.post("/api/client/update-user", client, user_id=user_id, limits=limits).status_code

    assert change(concurrent=2, tokens_per_day=500) == 200
    assert change(concurrent=4) == change(concurrent=None) == change(tokens_per_day=501) == 403


def test_a_raise_ends_by_itself_and_is_in_the_audit_log(limited):
    gateway = limited({"user": {"requests_per_minute": 1}})
    user_id = new_id()
    key = gateway.add_user(user_id)
    until = datetime.now(timezone.utc) + timedelta(seconds=4)
    ask = {"user_id": user_id, "by": {"requests_per_minute": 2}, "until": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
           "reason": "A workshop of two hours"}

    def raise_limits(key: str, **members):
        return gateway.post("/api/admin/limits/raise", key, **{**ask, **members})

    assert raise_limits(key).status_code == 403
    for wrong in ({"reason": "short"}, {"by": {"requests_per_minute": None}}, {"by": {}}, {"until": "2020-01-01T00:00:00Z"}):
        assert raise_limits(gateway.admin_key, **wrong).status_code == 422
    assert raise_limits(gateway.admin_key).status_code == 200

    assert own(gateway, key, "requests_per_minute")["max"] == 3
    assert "limits.change" in (gateway.state / "audit.jsonl").read_text()
    process.eventually(lambda: own(gateway, key, "requests_per_minute")["max"] == 1, "the raise ends")


def test_an_account_at_its_limit_is_passed_over(limited, upstream):
    gateway = limited({"accounts": {"a": {"requests_per_minute": 2}}, "pools": {"free": {"requests_per_minute": 6}}}, "a", "b")
    key = gateway.add_user()

    answers = [complete(gateway, key) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 6 + [429]
    assert sorted(upstream.accounts()) == ["a"] * 2 + ["b"] * 4
    assert answers[-1].json()["error"]["limit"]["subject"] == "pool"


def test_a_models_limit_is_that_models_alone(limited, upstream):
    account = upstream.instance("a", models=["stub-model", "small-model"])
    gateway = limited({"models": {"stub-model": {"requests_per_minute": 1}}}, account)
    key = gateway.add_user()

    assert [complete(gateway, key).status_code for _ in range(2)] == [200, 429]
    assert gateway.chat(key, "Hi", model="small-model").status_code == 200


def test_limits_outlive_workers_and_a_restart(limited):
    gateway = limited({"user": {"tokens_per_day": 100_000}})
    key = gateway.add_user()
    complete(gateway, key, HUNDRED)

    gateway.hup()
    complete(gateway, key, HUNDRED)
    assert own(gateway, key, "tokens_per_day")["used"] == 200
    process.stop(gateway.serve)
    gateway.start_serve()

    process.eventually(gateway.is_answering, "the program answers")
    assert own(gateway, key, "tokens_per_day")["used"] == 200


def test_the_command_line_shows_and_sets(limited):
    gateway = limited({"user": {"requests_per_minute": 5}})
    user_id = new_id()
    key = gateway.add_user(user_id)
    complete(gateway, key)
    user = ["--state-dir", gateway.state, "--user-id", user_id]

    gateway.cli("limits", "set", *user, "tokens_per_day=1000", "cost_per_month=2.50")
    shown = gateway.cli("limits", "show", *user, "--settings", gateway.settings_file).stdout.splitlines()

    rows = [line.split("\t")[:5] for line in shown]
    assert ["user", "requests_per_minute", "1", "0", "5"] in rows
    assert ["user", "cost_per_month", "0", "0", "2.5"] in rows
    assert own(gateway, key, "tokens_per_day")["max"] == 1000
    wrong = gateway.cli("limits", "set", *user, "tokens_per_week=1", is_checked=False)
    assert wrong.returncode != 0 and "tokens_per_week" in wrong.stderr


def test_limits_count_what_the_bill_says(limited, upstream):
    gateway = limited({"user": {"tokens_per_day": 100_000, "cost_per_month": 50}}, "a", "b", workers=3)
    gateway.write_settings({**gateway.settings, "prices": {"currency": "EUR", "stub-model": {"input": 100, "output": 900}}})
    gateway.hup()
    key = gateway.add_user()

    def bill() -> tuple[int, int, float]:
        rows = gateway.get("/api/usage", key, by="day").json()["usage"]
        return (
            sum(row["requests"] for row in rows), sum(row["prompt_tokens"] + row["completion_tokens"] for row in rows),
            round(sum(row["cost"] for row in rows), 9))

    upstream.script({"close_before_head": True}, times=1)
    for prompt in ("First", "Second"):  # each with a title; one was tried with another account before
        assert gateway.chat(key, prompt).status_code == 200
    assert complete(gateway, key, "Third").status_code == 200
    upstream.script({"status": 400, "body": {"error": {"message": "no"}}}, account="a", times=1)
    upstream.script({"status": 400, "body": {"error": {"message": "no"}}}, account="b", times=1)
    complete(gateway, key, "Refused")

    process.eventually(lambda: own(gateway, key, "tokens_per_day")["reserved"] == 0, "all is settled")
    calls, tokens, cost = bill()
    assert calls >= 7 and tokens > 0 and cost > 0
    assert own(gateway, key, "tokens_per_day")["used"] == tokens
    assert own(gateway, key, "cost_per_month")["used"] == pytest.approx(cost, abs=1e-9)
