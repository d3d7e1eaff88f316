"""What a worker that is killed held is free soon, and its turns do not count any more."""

import os
import signal
import threading
import time

from harness.process import eventually


def in_flight(gateway, account: str = "a") -> int:
    rows = gateway.get("/api/admin/accounts", gateway.admin_key).json()["accounts"]
    return next(row["in_flight"] for row in rows if row["id"] == account)


def test_the_slot_of_a_killed_worker_is_free_once_there_is_another(launch, upstream):
    gateway = launch(upstream.instance("a", max_concurrent=1), workers=2, queue_timeout=10)
    key = gateway.add_user()
    lost = threading.Thread(target=lambda: gateway.chat(key, "[[delay_ms:20000]] Held"))
    lost.start()
    eventually(lambda: in_flight(gateway) == 1, "the slot is taken")

    for pid in gateway.worker_pids():
        os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    lost.join()
    answer = eventually(lambda: (reply := gateway.chat(key, "Next")).status_code == 200 and reply, "a turn goes well")

    assert answer.json()
    # The new workers have to start first.
    assert time.monotonic() - killed < 8


def test_who_waits_for_a_slot_gets_that_of_a_worker_that_is_killed(launch, upstream):
    gateway = launch(upstream.instance("a", max_concurrent=1), workers=4, queue_timeout=20)
    key = gateway.add_user()
    threads = [
        threading.Thread(target=lambda n=n: answers.append((gateway.chat(key, f"[[delay_ms:400]] {n}"), time.monotonic())))
        for n in range(8)]
    answers: list = []
    for thread in threads:
        thread.start()
    eventually(lambda: in_flight(gateway) == 1, "the slot is taken")
    os.kill(gateway.worker_pids()[0], signal.SIGKILL)
    for thread in threads:
        thread.join()

    # Those that the killed worker had are lost, which may be all of them.
    good = sorted(moment for answer, moment in answers if answer.status_code == 200)
    assert all(later - earlier < 0.4 + 1 for earlier, later in zip(good, good[1:]))
    assert gateway.chat(key, "Next").status_code == 200
    assert in_flight(gateway) == 0
