"""Workers that spawn-fcgi starts, behind an nginx that does not keep its connections."""

import os
import shutil
import signal
import subprocess

import pytest

from conftest import settings_of
from harness import process
from harness.gateway import BINARY, Gateway


class Spawned(Gateway):
    """The same, but nobody supervises the workers."""

    def start_serve(self) -> None:
        key = self.cli(
            "users", "add", "--state-dir", self.state, "--user-id", "root", "--username", "Root", "--role", "admin")
        self.admin_key = self.first_admin_key = self.secrets.keep(key.stdout.strip())
        with (self.logs / "serve.log").open("ab") as log:
            subprocess.run(
                ["spawn-fcgi", "-s", str(self.socket), "-M", "0666", "-F", str(self.workers), "-P",
                 str(self.folder / "pids"), "--", str(BINARY), "worker", "--settings", str(self.settings_file),
                 "--state-dir", str(self.state)],
                check=True, stdout=log, stderr=log, timeout=30)
        (self.logs / "serve.out").touch()
        self.spawned = [int(word) for word in (self.folder / "pids").read_text().split()]

    def worker_pids(self) -> list[int]:
        return self.spawned

    def stop(self) -> None:
        for pid in self.spawned:
            os.kill(pid, signal.SIGTERM)
        super().stop()
        for pid in self.spawned:
            process.eventually(lambda pid=pid: process.state(pid) in (None, "Z"), "a worker ends on TERM")


@pytest.fixture
def spawned(upstream):
    gateway = Spawned(upstream, settings_of(upstream, "a", "b"), workers=2, keeps_connections=False)
    gateway.start()
    yield gateway
    gateway.stop()
    gateway.check_and_remove()


@pytest.mark.skipif(not shutil.which("spawn-fcgi"), reason="spawn-fcgi is not installed")
def test_chats_and_streams_work_with_workers_of_spawn_fcgi(spawned):
    key = spawned.add_user()

    assert spawned.talk(key, "Hello")["status"] == "success"
    assert "Hello" in spawned.chat(key, "Hello", stream=True).text
    # All share the rounds, whoever starts them.
    for _ in range(10):
        spawned.talk(key, "Once more")
    assert len(spawned.worker_pids()) == 2
    assert all(process.state(pid) not in (None, "Z") for pid in spawned.worker_pids())
