"""A webhook is told, signed and once a period, who has used a part of a limit."""

import contextlib
import json
import os
import re
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conftest import run, settings_of
from harness import process
from harness.gateway import ROOT, Gateway, new_id
from harness.load import parallel

SECRET = "a secret of the operator's"
#: With the stub's answer (4 words more than the prompt) 100 tokens.
HUNDRED = " ".join("a" * 48)


def documented():
    """What docs/settings.md shows receivers."""
    text = (ROOT / "docs" / "settings.md").read_text()
    code = next(part for part in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "hmac" in part)
    names: dict = {}
    exec(code, names)
    return names["is_genuine"]


class Receiver:
    """Keeps all calls and answers each with the next of `answers`, then with 200."""

    def __init__(self, port: int = 0) -> None:
        self.calls: list[dict] = []
        self.tries: list[str] = []
        self.faults: list[str] = []
        self.answers: list[tuple[int, dict]] = []
        self.lock = threading.Lock()
        is_genuine = documented()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    if not is_genuine(body, self.headers["X-Signature-256"], SECRET) or is_genuine(
                            body + b" ", self.headers["X-Signature-256"], SECRET):
                        receiver.faults.append("signature")
                    if self.headers["Content-Type"] != "application/json" or not self.headers["User-Agent"]:
                        receiver.faults.append("head")
                    call = json.loads(body)
                    receiver.tries.append(call["id"])
                    status, fields = receiver.answers.pop(0) if receiver.answers else (200, {})
                    if status == 200:
                        receiver.calls.append(call)
                self.send_response(status)
                for name, value in {"Content-Length": "0", **fields}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook/?from=gateway"

    def told(self) -> list[tuple]:
        with self.lock:
            return sorted(
                (call["subject"]["type"], call["subject"]["id"], call["kind"], call["percent"]) for call in self.calls)

    def wait_for(self, *told: tuple) -> None:
        process.eventually(lambda: len(self.told()) >= len(told), f"the receiver was told of {told}")
        assert self.told() == sorted(told)

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver():
    running = Receiver()
    yield running
    running.stop()
    assert not running.faults


@pytest.fixture
def watched(upstream):
    """Starts a gateway with limits of users that tells of thresholds: `watched(url, {"tokens_per_day": 1000})`."""
    running = []

    def watched(url: str, limits: dict, **more) -> Gateway:
        settings = {
            **settings_of(upstream, "a"), "limits": {"user": limits},
            "usage": {"thresholds": {"webhook_url": url, "webhook_secret": SECRET}}, **more}
        gateway = Gateway(upstream, settings, workers=3)
        gateway.secrets.keep_credential(SECRET)
        running.append(run(gateway))
        return next(running[-1])

    yield watched
    for gateway in running:
        next(gateway, None)


def complete(gateway: Gateway, key: str, text: str = HUNDRED):
    return gateway.post(
        "/v1/chat/completions", key, model="stub-model", messages=[{"role": "user", "content": text}], max_tokens=40)


def kill_all(gateway: Gateway) -> None:
    """Ends supervisor and workers at once, as the end of a container does."""
    pids = [gateway.serve.pid, *gateway.worker_pids()]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    gateway.serve.wait()
    process.eventually(lambda: not any(os.path.exists(f"/proc/{pid}/fd/0") for pid in pids), "all are dead")
    (gateway.logs / "serve.out").unlink()


def log_of(gateway: Gateway) -> str:
    return (gateway.logs / "serve.log").read_text()


def test_a_user_and_a_client_are_told_of_once_each_however_many_calls_run(watched, receiver):
    gateway = watched(receiver.url, {"tokens_per_day": 1000})
    client_id, user_id = new_id(), new_id()
    client = gateway.add_client(client_id)
    gateway.post("/api/client/update-user", gateway.admin_key, user_id=client_id, limits={"tokens_per_month": 1250})
    key, other = gateway.add_user(user_id, creator=client), gateway.add_user(creator=client)

    answers = parallel(lambda _: complete(gateway, key), range(40), 40)

    assert sum(answer.status_code == 200 for answer in answers) == 10
    user = [("user", user_id, "tokens_per_day", percent) for percent in (80, 100)]
    receiver.wait_for(*user, ("client", client_id, "tokens_per_month", 80))
    answers = parallel(lambda _: complete(gateway, other), range(6), 6)
    assert sum(answer.status_code == 200 for answer in answers) == 2
    # Another's call comes behind all of these, so whatever was to be told twice was told by then.
    last_id = new_id()
    last = gateway.add_user(last_id)
    gateway.post("/api/client/update-user", gateway.admin_key, user_id=last_id, limits={"tokens_per_day": 110})
    assert complete(gateway, last).status_code == 200
    receiver.wait_for(
        *user, ("client", client_id, "tokens_per_month", 80), ("user", last_id, "tokens_per_day", 80))
    first = next(call for call in receiver.calls if call["subject"]["id"] == user_id and call["percent"] == 100)
    assert {name: first[name] for name in ("type", "used", "max")} == {
        "type": "usage.threshold", "used": 1000, "max": 1000}
    assert first["subject"] == {"type": "user", "id": user_id, "owner": client_id}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", first["period"]) and first["resets_at"] > first["at"]
    month = next(call for call in receiver.calls if call["subject"]["type"] == "client")
    assert re.fullmatch(r"\d{4}-\d\d", month["period"]) and month["max"] == 1250
    assert len({call["id"] for call in receiver.calls}) == len(receiver.tries) == 4


def test_a_call_that_fails_is_made_again_and_one_that_is_refused_is_not(watched, receiver):
    gateway = watched(receiver.url, {"tokens_per_day": 110})
    one, two = new_id(), new_id()
    receiver.answers = [(500, {}), (503, {"Retry-After": "1"})]

    complete(gateway, gateway.add_user(one))

    receiver.wait_for(("user", one, "tokens_per_day", 80))
    assert len(receiver.tries) == 3 and len(set(receiver.tries)) == 1

    receiver.answers = [(400, {})]
    complete(gateway, gateway.add_user(two))
    process.eventually(lambda: "refused and is dropped" in log_of(gateway), "the drop is logged")
    three = new_id()
    complete(gateway, gateway.add_user(three))
    process.eventually(lambda: len(receiver.told()) == 2, "the next is told")
    assert receiver.told() == sorted(("user", who, "tokens_per_day", 80) for who in (one, three))
    assert len(receiver.tries) == 5
    assert SECRET not in log_of(gateway) and "hook" not in log_of(gateway)


def test_a_receiver_that_is_down_is_told_after_kills_of_all_workers(watched):
    port = process.free_port()
    user_id = new_id()
    gateway = watched(f"http://127.0.0.1:{port}/hook", {"tokens_per_day": 110})
    complete(gateway, gateway.add_user(user_id))
    # It is noted, and turns go on.
    process.eventually(lambda: "failed and is tried again" in log_of(gateway), "the call has failed")
    assert gateway.chat(gateway.add_user(), "Hi").status_code == 200

    for _ in range(2):
        kill_all(gateway)
        gateway.start_serve()
    process.eventually(gateway.is_answering, "the gateway answers again")
    receiver = Receiver(port)
    try:
        receiver.wait_for(("user", user_id, "tokens_per_day", 80))
        # The mark is there as well: the same use is not told again by those who take over.
        kill_all(gateway)
        gateway.start_serve()
        process.eventually(gateway.is_answering, "the gateway answers again")
        last_id = new_id()
        complete(gateway, gateway.add_user(last_id))
        process.eventually(lambda: ("user", last_id, "tokens_per_day", 80) in receiver.told(), "the last is told")
        assert {call["id"] for call in receiver.calls if call["subject"]["id"] == user_id} == {receiver.tries[0]}
        assert len(receiver.told()) <= 3, "only a call whose end was lost may come twice"
        assert not receiver.faults
    finally:
        receiver.stop()


def test_a_reload_counts_at_once_although_old_workers_still_answer(watched, receiver, upstream):
    gateway = watched("http://127.0.0.1:9/", {"tokens_per_day": 200})
    before = gateway.worker_pids()
    key, user_id = gateway.add_user(), new_id()
    gateway.post("/api/client/update-user", gateway.admin_key, user_id=gateway.get(
        "/api/whoami", key).json()["user_id"], limits={"tokens_per_day": None})
    lines = []
    with contextlib.ExitStack() as streams:
        # So many that each worker has some.
        for _ in range(24):
            stream = streams.enter_context(gateway.http.stream(
                "POST", "/v1/chat/completions", headers={"Authorization": f"Bearer {key}"},
                json={"model": "stub-model", "stream": True, "messages": [
                    {"role": "user", "content": "[[never_ending;piece_delay_ms:200]] x"}]}))
            # Kept, because a stream is closed with the iterator over it.
            lines.append(stream.iter_lines())
            next(lines[-1])
        settings = json.loads(json.dumps(gateway.settings))
        settings["usage"]["thresholds"].update(webhook_url=receiver.url, percent=[50])
        gateway.write_settings(settings)
        gateway.signal(signal.SIGHUP)

        complete(gateway, gateway.add_user(user_id))

        process.eventually(lambda: ("user", user_id, "tokens_per_day", 50) in receiver.told(), "the new one is told")
        assert all(os.path.exists(f"/proc/{pid}/fd/0") for pid in before), "all of them drain"


def test_wrong_settings_are_told_with_their_place(watched, receiver, tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"usage": {"thresholds": {"percent": [0], "webhook_url": "http://127.0.0.1:1/"}}}))
    gateway = watched(receiver.url, {})

    result = gateway.cli("check-settings", "--settings", file, is_checked=False)

    assert result.returncode == 1
    assert "usage.thresholds.percent" in result.stdout and "usage.thresholds.webhook_secret" in result.stdout
