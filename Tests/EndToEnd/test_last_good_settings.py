"""Settings that break while the server runs: workers go on with the last good ones."""

import os
import signal

import pytest
from harness.load import Background
from harness.process import eventually

from conftest import settings_of

BROKEN = {
    "half a file": '{"api_server": {"port": "many"}, ',
    "a wrong value": '{"api_server": {"port": -1}}',
    "an empty file": "",
    "no settings": "[]",
}


def kill_worker(gateway) -> None:
    """Kills one worker and waits for the one that takes its place."""
    victim = gateway.worker_pids()[0]
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: len(pids := gateway.worker_pids()) == gateway.workers and victim not in pids,
               "another worker is there")
    eventually(lambda: all(is_accepting(gateway) for _ in range(8)), "all workers answer")


def is_accepting(gateway) -> bool:
    return gateway.get("/healthz").status_code == 200


@pytest.mark.parametrize("name", BROKEN)
def test_a_killed_worker_comes_back_with_the_last_good_settings(launch, name):
    gateway = launch("a", workers=1)
    key = gateway.add_user()
    gateway.settings_file.write_text(BROKEN[name])
    kill_worker(gateway)
    gateway.talk(key, "Still here")


def test_a_killed_worker_comes_back_without_any_file(launch, upstream):
    gateway = launch(upstream.instance("a"), workers=1)
    secret = gateway.folder / "secrets" / "key"
    secret.parent.mkdir()
    account = upstream.instance("a")
    secret.write_text(account.pop("api_key") + "\n")
    # Relative names begin at the settings' directory, for the first worker and for those after it.
    gateway.write_settings(settings_of(upstream, {**account, "api_key_file": "secrets/key"}))
    gateway.hup()
    key = gateway.add_user()
    gateway.talk(key, "Before")

    secret.unlink()
    gateway.settings_file.unlink()
    kill_worker(gateway)
    gateway.talk(key, "After")

    length = (gateway.logs / "serve.log").stat().st_size
    gateway.signal(signal.SIGHUP)
    eventually(lambda: (gateway.logs / "serve.log").stat().st_size > length, "serve says what is wrong")
    kill_worker(gateway)
    gateway.talk(key, "And after that")
    # No copy is on the disk.
    upstream_key = upstream.instance("a")["api_key"].encode()
    kept = [file for file in gateway.state.rglob("*") if file.is_file() and upstream_key in file.read_bytes()]
    assert kept == []


def test_new_settings_count_from_the_reload_on(launch, upstream):
    gateway = launch("a", workers=1)
    key = gateway.add_user()
    gateway.write_settings(settings_of(upstream, "a", default_prompt=None))
    kill_worker(gateway)
    assert gateway.chat(key, "").status_code == 200
    gateway.hup()
    assert gateway.chat(key, "").status_code == 422

    gateway.settings_file.write_text("{")
    kill_worker(gateway)
    assert gateway.chat(key, "").status_code == 422


def test_a_first_start_with_broken_settings_is_refused(launch, upstream):
    gateway = launch("a")
    gateway.signal(signal.SIGTERM)
    gateway.serve.wait(30)
    gateway.settings_file.write_text("{")
    result = gateway.cli("serve", "--settings", gateway.settings_file, "--state-dir", gateway.state, "--socket",
                         gateway.socket, is_checked=False)
    assert result.returncode != 0 and "valid JSON" in result.stderr
    assert gateway.cli("check-settings", "--settings", gateway.settings_file, is_checked=False).returncode == 1


def test_swaps_and_broken_reloads_under_load_lose_nothing(launch, upstream):
    gateway = launch("a", "b", workers=2)
    key = gateway.add_user()
    statuses: list[int] = []
    with Background(lambda: statuses.append(gateway.chat(key, "[[delay_ms:50]] Hi").status_code), threads=4):
        for _ in range(3):
            gateway.hup()
            good = gateway.settings_file.read_text()
            gateway.settings_file.write_text("{")
            length = (gateway.logs / "serve.log").stat().st_size
            gateway.signal(signal.SIGHUP)
            eventually(lambda: "refused" in (gateway.logs / "serve.log").read_bytes()[length:].decode(),
                       "serve refuses the settings")
            gateway.settings_file.write_text(good)
        eventually(lambda: len(statuses) > 20, "enough was asked meanwhile")
    assert set(statuses) == {200}
