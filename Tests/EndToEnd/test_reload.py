"""New settings and new workers without a lost request."""

import signal

from harness.answers import assert_error
from harness.load import Background
from harness.process import eventually

from conftest import settings_of


def test_a_conversation_whose_account_is_gone_cannot_go_on_until_it_is_back(launch, upstream):
    gateway = launch("a", "b")
    key = gateway.add_user()
    begun = [gateway.talk(key, f"First {n}")["conversation_id"] for n in range(2)]
    begun_on = dict(zip(upstream.accounts(), begun))

    gateway.write_settings(settings_of(upstream, "b"))
    gateway.hup()
    upstream.reset()

    refused = gateway.chat(key, "Next", conversation_id=begun_on["a"])
    assert_error(refused, 409, "account_unavailable")
    assert refused.headers["x-should-retry"] == "false"
    assert upstream.requests() == []
    assert len(gateway.recall(key, begun_on["a"])["messages"]) == 1
    gateway.talk(key, "Next", conversation_id=begun_on["b"])

    gateway.write_settings(settings_of(upstream, "a", "b"))
    gateway.hup()
    gateway.talk(key, "Next", conversation_id=begun_on["a"])


def test_a_changed_credential_brings_a_disabled_account_back(launch, upstream):
    wrong = upstream.instance("a", api_key="sk-upstream-wrong-000000")
    gateway = launch(wrong)
    key = gateway.add_user()
    assert gateway.chat(key, "One").status_code in (502, 503)
    assert_error(gateway.chat(key, "Two"), 503, "no_account_available")
    assert len(upstream.requests()) == 1

    gateway.write_settings(settings_of(upstream, "a"))
    gateway.hup()

    gateway.talk(key, "Three")


def test_settings_that_are_not_valid_change_nothing(launch):
    gateway = launch("a")
    key = gateway.add_user()
    before = gateway.worker_pids()
    log = gateway.logs / "serve.log"
    length = log.stat().st_size

    gateway.settings_file.write_text('{"api_server": {"port": "many"}, ')
    gateway.signal(signal.SIGHUP)
    eventually(lambda: log.stat().st_size > length, "serve says what is wrong")

    gateway.talk(key, "Still here")
    assert sorted(gateway.worker_pids()) == sorted(before)


def test_swapping_workers_under_load_loses_no_request(launch):
    gateway = launch("a", "b", workers=2)
    key = gateway.add_user()
    statuses: list[int] = []

    with Background(lambda: statuses.append(gateway.chat(key, "[[delay_ms:50]] Hi").status_code), threads=6):
        for _ in range(3):
            gateway.hup()

    assert len(statuses) > 20 and set(statuses) == {200}


def test_a_stop_lets_running_turns_end_and_removes_the_socket(launch, upstream):
    gateway = launch("a")
    key = gateway.add_user()
    statuses: list[int] = []

    with Background(lambda: statuses.append(gateway.chat(key, "[[delay_ms:1500]] Hi").status_code), threads=1) as load:
        upstream.wait_in_flight(1)
        load.is_over.set()
        gateway.signal(signal.SIGTERM)

    assert statuses == [200]
    assert gateway.serve.wait(30) == 0
    assert not gateway.socket.exists()


def test_a_second_start_on_the_same_state_keeps_everything(launch):
    gateway = launch("a")
    key = gateway.add_user()
    admin_key = gateway.admin_key
    conversation = gateway.talk(key, "Remember this")["conversation_id"]

    gateway.signal(signal.SIGTERM)
    assert gateway.serve.wait(30) == 0
    (gateway.logs / "serve.out").write_text("")
    gateway.start_serve()

    assert gateway.admin_key == admin_key
    assert len(gateway.recall(key, conversation)["messages"]) == 1
    gateway.talk(key, "Go on", conversation_id=conversation)
