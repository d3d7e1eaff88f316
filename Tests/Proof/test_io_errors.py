"""Each system call of the write paths fails in turn: the state is the old or the new one, and the answer is true."""

import errno
import random
import subprocess
import threading
import uuid
from pathlib import Path

from harness.process import eventually
from support.bare import BareGateway
from support.deeds import NEW, OLD, deeds
from support.shim import shim
from support.sizes import size
from support.state_files import unreadable

SHORT = 0
ERRORS = [errno.EIO, errno.ENOSPC, errno.EINTR]
#: EMFILE is of open alone; a short write is none of the other calls.
PLANS = [(call, error) for call in ("open", "write", "pwrite", "fsync", "fdatasync", "rename", "ftruncate", "unlink", "mkdir")
         for error in ERRORS] + [
    ("open", errno.EMFILE), ("write", SHORT), ("pwrite", SHORT)]
#: How often a call is interrupted "from then on": calls that are repeated until they are not would never end.
INTERRUPTIONS = 20
#: How many of a hundred combinations of deed, call, error and duration are tried.
PERCENT = size("FAULT_PERCENT", 100, least=8)


def test_io_errors(prepare, tmp_path, figures):
    chance = random.Random(13)
    gateway = prepare("a", "b", kind=BareGateway, workers=1, title_timeout=1, queue_timeout=2)
    with shim(tmp_path, gateway.state) as faults, Contender(faults.program, gateway.state) as contender:
        gateway.start()
        contender.begin()
        for make in deeds(gateway):
            for call, error in PLANS:
                for is_lasting in (False, True):
                    if chance.random() * 100 >= PERCENT:
                        continue
                    inject(gateway, faults, make, call, error, is_lasting, figures)
    figures.set("writes of the process beside it", len(contender.added))
    listed = gateway.cli("users", "list", "--state-dir", gateway.state).stdout
    lost = [name for name in contender.added if name not in listed]
    for name in lost + contender.refused:
        figures.fault(f"the process beside it lost {name}")
    for words in unreadable(gateway.state):
        figures.fault(words)
    figures.set("restarts of workers after failed syncs", gateway.restarts)
    figures.check()


def inject(gateway, faults, make, call: str, error: int, is_lasting: bool, figures) -> None:
    """Lets the first, the second, … call of the deed fail, until there are no more."""
    for skip in range(100):
        deed = make()
        times = 1 if not is_lasting else INTERRUPTIONS if error == errno.EINTR else 1 << 20
        faults.arm(call, error, skip, times)
        answer = deed.do()
        hits = faults.hits
        faults.disarm()
        if hits == 0:
            return
        figures.add("faults")
        figures.add("calls that failed", hits)
        name = errno.errorcode.get(error, "short write")
        where = f"{deed.name}: {call} {name} at {skip}{' and on' if is_lasting else ''}"
        judge(gateway, deed, answer, where, figures)


def judge(gateway, deed, answer, where: str, figures) -> None:
    eventually(lambda: gateway.get("/healthz").status_code == 200, f"the gateway recovers after {where}")
    figures.add(f"answers {answer.status_code}")
    code = answer.json().get("code") if answer.status_code != 200 else None
    try:
        state = deed.look()
    except (AssertionError, ValueError, KeyError) as error:
        state = f"cannot be read: {str(error)[:300]}"
    if answer.status_code == 200:
        expected = [NEW]
    elif answer.status_code == 503 and code == "storage_unavailable":
        expected = [OLD]
    elif answer.status_code == 503 and code == "storage_outcome_unknown":
        expected = [OLD, NEW]
    else:
        figures.fault(f"{where}: answer {answer.status_code} {answer.text[:200]}")
        expected = [OLD, NEW]
    if state not in expected:
        figures.fault(f"{where}: answer {answer.status_code} {code}, but the state is: {state}")
    if state == OLD and (again := deed.do()).status_code != 200:
        figures.fault(f"{where}: the same again gives {again.status_code} {again.text[:200]}")


class Contender:
    """Another process that writes to the same lists all the time, without faults."""

    def __init__(self, program: Path, state: Path) -> None:
        self.command = [str(program), "users", "add", "--state-dir", str(state), "--username", "C", "--user-id"]
        self.added: list[str] = []
        self.refused: list[str] = []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self) -> "Contender":
        return self

    def begin(self) -> None:
        self.thread.start()

    def run(self) -> None:
        while not self.is_over.wait(0.2):
            name = f"c-{uuid.uuid4().hex[:10]}"
            done = subprocess.run([*self.command, name], capture_output=True, text=True, timeout=60)
            if done.returncode == 0:
                self.added.append(name)
            else:
                self.refused.append(done.stderr)

    def __exit__(self, *_) -> None:
        self.is_over.set()
        if self.thread.ident:
            self.thread.join()
