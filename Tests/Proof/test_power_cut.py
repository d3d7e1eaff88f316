"""A power cut at any moment loses nothing that was acknowledged, and the next start can read everything."""

import random
import time

from support.crowd import Crowd
from support.disk import FLUSH_ALL, FLUSH_LOG, FLUSH_NOTHING, disk_or_skip
from support.figures import Figures
from support.servers import kill_all, restart
from support.shim import Shim
from support.sizes import size
from support.state_files import unreadable

CUTS = size("CUTS", 200, least=3)
CONTROL_CUTS = size("CONTROL_CUTS", 12, least=4)
PEOPLE = 6


def cut_again_and_again(prepare, tmp_path, figures: Figures, cuts: int, durability: str) -> None:
    chance = random.Random(11)
    disk = disk_or_skip(tmp_path)
    shim = Shim(tmp_path, disk.place)
    gateway = prepare("a", "b", workers=2, durability=durability, title_timeout=1)
    gateway.state = disk.place / "state"
    gateway.start()
    disk.sync()
    crowd = Crowd(gateway, PEOPLE, seed=5)
    looks = 0
    try:
        for number in range(cuts):
            looks += look_into_archive(gateway)
            crowd.work()
            time.sleep(chance.uniform(0.15, 0.7))
            flag = FLUSH_ALL if number % 10 == 9 else (FLUSH_NOTHING, FLUSH_NOTHING, FLUSH_LOG)[number % 3]
            # The kernel goes on after the cut, and a sync that races with it may succeed for nothing: without power
            # that answer would have reached nobody.
            crowd.lights_out()
            disk.cut(flag)
            kill_all(gateway)
            crowd.rest()
            disk.remount()
            shim.next_boot()
            for words in unreadable(gateway.state, after_power_cut=True):
                figures.add("unreadable")
                figures.fault(f"after cut {number} ({flag}): {words}")
            figures.add("cuts")
            try:
                restart(gateway)
            except AssertionError:
                last = (gateway.logs / "serve.log").read_text().splitlines()[-1]
                figures.fault(f"after cut {number} ({flag}) the program does not start: {last}")
                break
            check_audit_log(gateway, looks, figures)
            crowd.check(figures, all_of_them=number % 20 == 0 or number == cuts - 1)
    finally:
        crowd.end()
        crowd.count(figures)
        gateway.stop()
        disk.remove()
        shim.end()


def look_into_archive(gateway) -> int:
    """An administrator's look, which is in the audit log before it is answered."""
    gateway.add_user(user_id := f"seen-{time.monotonic_ns()}")
    return gateway.get("/api/recall", gateway.admin_key, user_id=user_id).status_code == 200


def check_audit_log(gateway, looks: int, figures: Figures) -> None:
    verified = gateway.cli("audit", "verify", "--state-dir", gateway.state, is_checked=False)
    lines = (gateway.state / "audit.jsonl").read_bytes().count(b"\n") if looks else 0
    if verified.returncode != 0 or lines < looks:
        figures.fault(f"the audit log has {lines} lines of {looks}: {verified.stdout}{verified.stderr}")


def test_power_cut(prepare, tmp_path, figures):
    cut_again_and_again(prepare, tmp_path, figures, CUTS, durability="fsync")
    figures.set("lost or unreadable", len(figures.faults))
    figures.check()


def test_power_cut_control(prepare, tmp_path, figures):
    """The same without syncs loses something, so the proof above could fail; whether it does here is told only."""
    cut_again_and_again(prepare, tmp_path, figures, CONTROL_CUTS, durability="flush")
    figures.set("losses with durability flush, which promises none", len(figures.faults))
    print("  control:", "the cuts lose what is not synced" if figures.faults else "NOTHING WAS LOST: cuts prove little")
    figures.faults.clear()


def test_power_cut_and_repeats(prepare, tmp_path, figures):
    """A client that does not know what came of its request sends it again after the cut."""
    disk = disk_or_skip(tmp_path)
    shim = Shim(tmp_path, disk.place)
    gateway = prepare("a", workers=1)
    gateway.state = disk.place / "state"

    def ask():
        return gateway.request(
            "POST", "/v1/chat/completions", key, headers={"Idempotency-Key": "the-same"},
            json={"model": "stub-model", "messages": [{"role": "user", "content": "Hello"}]})

    try:
        gateway.start()
        key = gateway.add_user()
        assert ask().status_code == 200
        # Its syncs write the names of all new files, but the content of its own only.
        gateway.add_user()
        disk.cut(FLUSH_NOTHING)
        kill_all(gateway)
        disk.remount()
        shim.next_boot()
        restart(gateway)
        answer = ask()
        figures.set("status after the cut", answer.status_code)
        assert answer.status_code == 200, answer.text
    finally:
        gateway.stop()
        disk.remove()
        shim.end()
