"""SIGKILL for workers and supervisors under load: nothing acknowledged is lost, nothing stays taken or lies about."""

import contextlib
import os
import random
import signal
import time

from harness.process import eventually
from support.crowd import Crowd
from support.servers import kill_all, restart, wait_for_end
from support.sizes import size
from support.state_files import orphans, temporary, unreadable

KILLS = size("KILLS", 1000, least=20)
#: Worker kills between two of the supervisor, whose restart also begins the back-off anew.
BETWEEN = 19
WORKERS = 8
PEOPLE = 6


def test_kill(prepare, upstream, figures):
    chance = random.Random(3)
    gateway = prepare(
        upstream.instance("a", max_concurrent=1), upstream.instance("b", max_concurrent=1), upstream.instance("c"),
        workers=WORKERS, title_timeout=1, queue_timeout=5)
    gateway.start()
    crowd = Crowd(gateway, PEOPLE, seed=7)
    kills = 0
    while kills < KILLS:
        crowd.work()
        for _ in range(BETWEEN):
            kill_one_worker(gateway, chance)
        kills += BETWEEN + kill_supervisor(gateway, with_workers=chance.random() < 0.5)
        figures.set("kills of workers and supervisors", kills)
        crowd.rest()
        for words in unreadable(gateway.state):
            figures.fault(f"after {kills} kills: {words}")
        restart(gateway)
        check_leases(gateway, crowd, figures)
        crowd.check(figures, all_of_them=kills >= KILLS)
    eventually(lambda: not temporary(gateway.state), "temporary files are swept at the start")
    crowd.end()
    crowd.count(figures)
    check_orphans(gateway, figures)
    figures.check()


def check_orphans(gateway, figures) -> None:
    """What removals that were cut off left behind is gone soon after a start."""
    with contextlib.suppress(AssertionError):
        eventually(lambda: not any(orphans(gateway.state).values()), "orphans are swept", patience=5)
    for what, files in orphans(gateway.state).items():
        figures.set(f"{what} of no user", len(files))
        if files:
            figures.fault(f"{len(files)} {what} of removed users stay on the disk, such as {files[0]}")


def kill_one_worker(gateway, chance: random.Random) -> None:
    victim = chance.choice(eventually(gateway.worker_pids, "a worker lives"))
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    time.sleep(chance.uniform(0.01, 0.12))


def kill_supervisor(gateway, with_workers: bool) -> int:
    """Alone its workers drain; with them all are gone at once."""
    workers = gateway.worker_pids()
    if with_workers:
        kill_all(gateway)
        return 1 + len(workers)
    gateway.serve.kill()
    gateway.serve.wait()
    wait_for_end(workers)
    return 1


def check_leases(gateway, crowd: Crowd, figures) -> None:
    """No account and no conversation is still taken by somebody who is dead."""
    accounts = gateway.get("/api/admin/accounts", gateway.admin_key).json()["accounts"]
    for account in accounts:
        if account["in_flight"] != 0:
            figures.fault(f"account {account['id']} has turns in flight at rest: {account}")
    for person in crowd.people:
        if person.is_there == "yes" and not person.is_key_in_doubt and person.threads:
            before = person.turns
            person.go_on()
            figures.add("turns at once after a restart")
            if person.turns == before:
                figures.fault(f"{person.user_id} cannot go on after {figures.counts}")
