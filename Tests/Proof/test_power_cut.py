"""A power cut at any moment loses nothing that was acknowledged, and the next start can read everything."""

import random
import time

import pytest

from support.crowd import Crowd
from support.disk import FLUSH_ALL, FLUSH_LOG, FLUSH_NOTHING, Disk
from support.figures import Figures
from support.servers import kill_all, restart
from support.sizes import size
from support.state_files import unreadable

CUTS = size("CUTS", 200, least=3)
CONTROL_CUTS = size("CONTROL_CUTS", 12, least=4)
PEOPLE = 6

pytestmark = pytest.mark.skipif(Disk.why_not() is not None, reason=f"NO POWER CUT WAS MADE: {Disk.why_not()}")


def cut_again_and_again(prepare, tmp_path, figures: Figures, cuts: int, durability: str) -> None:
    chance = random.Random(11)
    disk = Disk(tmp_path)
    gateway = prepare("a", "b", workers=2, durability=durability, title_timeout=1)
    gateway.state = disk.place / "state"
    gateway.start()
    crowd = Crowd(gateway, PEOPLE, seed=5)
    looks = 0
    try:
        for number in range(cuts):
            looks += look_into_archive(gateway)
            crowd.work()
            time.sleep(chance.uniform(0.15, 0.7))
            flag = FLUSH_ALL if number % 10 == 9 else (FLUSH_NOTHING, FLUSH_NOTHING, FLUSH_LOG)[number % 3]
            disk.cut(flag)
            kill_all(gateway)
            crowd.rest()
            disk.remount()
            for words in unreadable(gateway.state):
                figures.add("unreadable")
                figures.fault(f"after cut {number} ({flag}): {words}")
            restart(gateway)
            check_audit_log(gateway, looks, figures)
            crowd.check(figures, all_of_them=number % 20 == 0 or number == cuts - 1)
            figures.add("cuts")
    finally:
        crowd.end()
        crowd.count(figures)
        gateway.stop()
        disk.remove()


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
