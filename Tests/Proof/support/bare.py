"""Workers without a supervisor: one that ends is started again at once, where the supervisor would wait longer."""

import socket
import subprocess
import threading

import harness.gateway
from harness import process
from harness.gateway import Gateway
from harness.upstream import Upstream


class BareGateway(Gateway):
    """nginx and workers on a socket that the test made."""

    restarts = 0

    def __init__(self, upstream: Upstream, settings: dict, workers: int) -> None:
        # All workers listen on the one socket, so nginx must not ask for one of each.
        super().__init__(upstream, settings, workers, keeps_connections=False)

    def start_serve(self) -> None:
        (self.logs / "serve.out").touch()
        self.cli("admin", "rotate-key", "--state-dir", self.state)
        self.admin_key = self.secrets.keep((self.state / "admin-key.txt").read_text().strip())
        self.first_admin_key = self.admin_key
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.socket))
        self.socket.chmod(0o666)
        self.listening.listen(4096)
        self.is_stopping = False
        self.running: dict[int, subprocess.Popen] = {}
        self.keepers = [threading.Thread(target=self.keep, args=(slot,)) for slot in range(self.workers)]
        for keeper in self.keepers:
            keeper.start()
        process.eventually(lambda: len(self.running) == self.workers, "workers run")

    def keep(self, slot: int) -> None:
        while not self.is_stopping:
            with (self.logs / "serve.log").open("ab") as log:
                # PDEATHSIG is about the thread that starts a process: this one waits for it.
                worker = subprocess.Popen(
                    [str(harness.gateway.BINARY), "worker", "--settings", str(self.settings_file),
                     "--state-dir", str(self.state), "--drain-seconds", "3"],
                    stdin=self.listening.fileno(), stdout=log, stderr=log,
                    preexec_fn=lambda: process.libc.prctl(process.PR_SET_PDEATHSIG, 15))
            self.running[slot] = worker
            worker.wait()
            self.restarts += 1

    def worker_pids(self) -> list[int]:
        return [worker.pid for worker in self.running.values() if worker.poll() is None]

    def stop(self) -> None:
        self.is_stopping = True
        for worker in self.running.values():
            worker.terminate()
        for keeper in self.keepers:
            keeper.join(30)
        super().stop()
        self.listening.close()
