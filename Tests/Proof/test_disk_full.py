"""A full disk: writes are refused with a clear answer, reads go on, nothing is spoilt, and room ends it."""

import contextlib
import subprocess
import time
from pathlib import Path

import pytest

from support.crowd import Crowd
from support.servers import kill_all, restart
from support.sizes import size
from support.state_files import unreadable

ROUNDS = size("DISKS_FULL", 12, least=2)
#: What may be answered while there is no room. Some writes need none, such as those that remove something.
ALLOWED = {"200", "503 storage_unavailable", "404 user_not_found", "404 conversation_not_found", "401 invalid_key"}
REFUSED = "503 storage_unavailable"


def test_disk_full(prepare, tmp_path, figures):
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=3000", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"NO DISK WAS FILLED, mounting is not permitted here: {mounted.stderr.strip()}")
    gateway = prepare("a", "b", workers=2, title_timeout=1)
    gateway.state = place / "state"
    try:
        gateway.start()
        reader = gateway.add_user()
        kept = gateway.talk(reader, "Written while there was room")["conversation_id"]
        crowd = Crowd(gateway, 4, seed=23)
        for number in range(ROUNDS):
            crowd.work()
            time.sleep(0.5)
            filler = fill_bytes(place) if number % 2 == 0 else fill_files(place)
            crowd.answers()
            time.sleep(0.5)
            if gateway.get("/healthz").status_code != 200 or gateway.recall(reader, kept)["messages"] == []:
                figures.fault("reads do not go on")
            crowd.rest()
            count_refusals(crowd, figures)
            if number % 4 == 1:
                kill_all(gateway)
                restart(gateway)
            for words in unreadable(gateway.state):
                figures.fault(words)
            for path in filler:
                path.unlink()
            if gateway.chat(reader, "Is there room again?").status_code != 200:
                figures.fault("there is room again and still nothing can be stored")
            crowd.check(figures, all_of_them=True)
            figures.add("disks filled")
        crowd.end()
        crowd.count(figures)
    finally:
        gateway.stop()
        subprocess.run(["umount", place], check=False)
    figures.check()


def count_refusals(crowd: Crowd, figures) -> None:
    answers = crowd.answers()
    figures.add("requests refused for want of room", answers[REFUSED])
    for words in set(answers) - ALLOWED:
        figures.fault(f"{answers[words]} times on the full disk: {words}")
    if answers[REFUSED] == 0:
        figures.fault("nothing was refused: the disk was not full")


def fill_bytes(place: Path) -> list[Path]:
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return [filler]


def fill_files(place: Path) -> list[Path]:
    made = []
    with contextlib.suppress(OSError):
        for number in range(3000):
            path = place / f"filler-{number}"
            path.touch()
            made.append(path)
    return made
