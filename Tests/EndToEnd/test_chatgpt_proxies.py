"""Proxies of accounts, and callers that leave."""

import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest

from harness import process
from harness.chatgpt import health, launch, simulated, simulator
from test_chatgpt import text_of


@pytest.fixture
def socks(tmp_path) -> Iterator[tuple[str, list]]:
    """A real SOCKS5 server with a password: its address, and its log."""
    program = shutil.which("microsocks")
    if program is None:
        pytest.skip("microsocks is not installed")
    port, log = process.free_port(), tmp_path / "socks.log"
    server = process.start(
        [program, "-i", "127.0.0.1", "-p", str(port), "-u", "someone", "-P", "proxy-word"], log,
        stdout=subprocess.DEVNULL)
    process.eventually(lambda: process.children(server.pid) is not None and is_open(port), "microsocks listens")
    yield f"socks5h://someone:proxy-word@127.0.0.1:{port}", log
    process.stop(server)


def is_open(port: int) -> bool:


    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def connections(log) -> int:
    return log.read_text().count("connected to")


def test_sign_in_and_prompts_go_through_the_proxy(launch, simulator, socks):
    address, log = socks
    gateway = launch({**simulator.instance("a"), "proxy": address}, {**simulator.instance("b"), "proxy": None})
    key = gateway.add_user()

    assert text_of(gateway.talk(key, "Through")) == "You said: Through. Turn 1."
    through = connections(log)
    assert text_of(gateway.talk(key, "Direct")) == "You said: Direct. Turn 1."

    assert through >= 1 and connections(log) == through
    assert {each["account"] for each in simulator.prompts()} == {"a@example.org", "b@example.org"}


def test_the_default_proxy_serves_callers_own_tokens(launch, simulator, socks):
    address, log = socks
    gateway = launch("a", workers=1, default_proxy=address)

    gateway.talk(gateway.add_user(), "Hello", access_token=simulator.credential("b"))

    assert connections(log) >= 1


def test_a_dead_proxy_rests_its_account_with_that_reason_and_another_answers(launch, simulator):
    dead = f"socks5://127.0.0.1:{process.free_port()}"
    gateway = launch({**simulator.instance("a"), "proxy": dead}, "b", workers=1)
    key = gateway.add_user()

    assert gateway.talk(key, "Hello")

    state = health(gateway, "a")
    assert state["state"] == "resting" and "proxy" in state["reason"]
    assert not [each for each in simulator.prompts() if each["account"] == "a@example.org"]


def test_a_caller_who_leaves_ends_the_answer_and_frees_the_account(launch, simulator):
    gateway = launch(simulator.instance("a", access_token=simulator.credential("a")), workers=1)
    key = gateway.add_user()
    simulator.sim("settings", event_delay_ms=200)
    with gateway.http.stream("POST", "/api/chat", headers={"Authorization": f"Bearer {key}"}, json={
            "prompt": "A long answer", "stream": True}) as answer:
        for line in answer.iter_lines():
            if line.startswith("event: delta"):
                break

    process.eventually(lambda: [each for each in simulator.prompts() if each["aborted"]], "the upstream is closed")
    simulator.sim("settings", event_delay_ms=0)
    conversation_id, = process.eventually(lambda: gateway.recall(key), "the part is stored")
    follow_up = gateway.talk(key, "Go on", conversation_id=conversation_id)
    assert text_of(follow_up) == "You said: Go on. Turn 2."
    assert simulator.conversations()[0]["branches"] == 0
