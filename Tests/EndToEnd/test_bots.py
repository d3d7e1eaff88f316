"""The examples of docs/examples/bots, with platforms that are played here."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.gateway import ROOT

FOLDER = ROOT / "docs" / "examples" / "bots"


@pytest.fixture
def client(gateway) -> str:
    return gateway.add_client()


def run(gateway, client, script, events=(), **variables) -> list[dict]:
    """The lines that a bot writes for the lines that it reads."""
    result = subprocess.run(
        [sys.executable, FOLDER / script], input="".join(json.dumps(event) + "\n" for event in events), text=True,
        capture_output=True, timeout=120,
        env={**os.environ, "GATEWAY_URL": gateway.url, "GATEWAY_KEY": client, **variables})
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def threads(gateway, client, user_id) -> list[list[str]]:
    """The prompts of each of a user's conversations."""
    found = gateway.get("/api/recall", client, user_id=user_id).json()
    return [
        [turn["prompt"] for turn in gateway.get(
            "/api/recall", client, user_id=user_id, conversation_id=conversation, format="json").json()["turns"]]
        for conversation in found]


def discord(number, content, author="10", channel="c1", **more):
    return {"t": "MESSAGE_CREATE", "d": {
        "id": str(number), "channel_id": channel, "content": content,
        "author": {"id": author, "username": f"name-{author}", **more}}}


def test_discord(gateway, upstream, client):
    lines = run(gateway, client, "discord_bot.py", [
        {"t": "READY", "d": {}},
        discord(1, "Hello"), discord(2, "Again"), discord(2, "Again"), discord(3, "Elsewhere", channel="c2"),
        discord(4, "Me too", author="11"), discord(5, "I am a bot", author="12", bot=True), discord(6, "!new"),
        discord(7, "Fresh"),
    ])

    assert [line["channel_id"] for line in lines] == ["c1", "c1", "c1", "c2", "c1", "c1", "c1"]
    assert lines[1] == lines[2] and lines[5]["content"] == "We begin anew."
    assert len(upstream.requests()) == 5
    assert sorted(threads(gateway, client, "10")) == [["Elsewhere"], ["Fresh"]]
    assert threads(gateway, client, "11") == [["Me too"]]
    users = gateway.get("/api/client/users", client).json()["users"]
    assert {user["username"] for user in users} == {"name-10", "name-11"}


def slack(event_id, text, thread=None, ts="1.0", user="U1", **more):
    event = {"type": "message", "user": user, "text": text, "channel": "C1", "ts": ts, **more}
    if thread:
        event["thread_ts"] = thread
    return {"type": "event_callback", "team_id": "T1", "event_id": event_id, "event": event}


def test_slack_answers_a_repeated_event_once(gateway, upstream, client):
    lines = run(gateway, client, "slack_bot.py", [
        {"type": "url_verification", "challenge": "x"},
        slack("E1", "Hello"), slack("E1", "Hello"), slack("E2", "More", thread="1.0", ts="2.0"),
        slack("E3", "Other thread", ts="3.0"), slack("E4", "from a bot", bot_id="B1"),
    ])

    assert lines[0] == {"challenge": "x"}
    assert [line["ack"] for line in lines if "ack" in line] == ["E1", "E1", "E2", "E3", "E4"]
    said = [line for line in lines if "text" in line]
    assert [line["thread_ts"] for line in said] == ["1.0", "1.0", "1.0", "3.0"] and said[0] == said[1]
    assert len(upstream.requests()) == 3
    assert sorted(threads(gateway, client, "T1:U1")) == [["Hello", "More"], ["Other thread"]]


class Telegram(ThreadingHTTPServer):
    """The two methods of the Bot API that the example uses."""

    def __init__(self, updates):
        super().__init__(("127.0.0.1", 0), TelegramHandler)
        self.updates, self.sent, self.offsets = updates, [], []
        self.thread = threading.Thread(target=self.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()


class TelegramHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        members = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/getUpdates"):
            self.server.offsets.append(members["offset"])
            result = [update for update in self.server.updates if update["update_id"] >= members["offset"]]
        else:
            self.server.sent.append(members)
            result = {}
        body = json.dumps({"ok": True, "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def telegram(number, text, person=5, chat=9):
    return {"update_id": number, "message": {
        "text": text, "chat": {"id": chat}, "from": {"id": person, "is_bot": False, "first_name": f"P{person}"}}}


def test_telegram_asks_nothing_twice_after_it_was_ended(gateway, upstream, client):
    updates = [
        telegram(1, "Hello"), telegram(2, "Again"), telegram(3, "Me too", person=6), telegram(4, "/new@my_bot"),
        {"update_id": 5, "edited_message": {}},
    ]
    with Telegram(updates) as platform:
        url = f"http://127.0.0.1:{platform.server_address[1]}/bot1:token"
        run(gateway, client, "telegram_bot.py", TELEGRAM_URL=url, ROUNDS="2")
        assert platform.offsets == [0, 6]
        assert [message["chat_id"] for message in platform.sent] == [9, 9, 9, 9]
        assert platform.sent[3]["text"] == "We begin anew."
        # Ended before it could confirm what it had answered.
        platform.updates = updates[:1]
        run(gateway, client, "telegram_bot.py", TELEGRAM_URL=url, ROUNDS="1")

    assert platform.sent[4] == platform.sent[0]
    assert len(upstream.requests()) == 3
    assert threads(gateway, client, "6") == [["Me too"]]


def test_a_bot_says_what_the_server_refuses_and_begins_anew_where_a_thread_cannot_go_on(launch, upstream):
    gateway = launch("a", max_conversation_bytes=6000)
    client = gateway.add_client()
    run(gateway, client, "discord_bot.py", [discord(1, "Hello " + "x" * 3000)])

    lines = run(gateway, client, "discord_bot.py", [discord(2, "y" * 3000), discord(3, "Hi")])
    assert threads(gateway, client, "10") == [["Hi"]]
    gateway.post("/api/client/update-user", client, user_id="10", disabled=True).raise_for_status()
    refused = run(gateway, client, "discord_bot.py", [discord(4, "Hi")])

    assert lines[0]["content"].startswith("This conversation came to its end.")
    assert refused[0]["content"].startswith("I may not talk to you.")
    assert len(upstream.requests()) == 2
