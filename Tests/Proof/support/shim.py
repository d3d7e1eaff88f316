"""The program with system calls that fail by plan, and with a boot id of ours; see shim.c."""

import contextlib
import mmap
import os
import shlex
import struct
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import harness.gateway

SOURCE = Path(__file__).resolve().parent.parent / "shim.c"
CALLS = ["open", "write", "fsync", "fdatasync", "rename", "ftruncate", "unlink", "mkdir", "pread", "pwrite"]
FOLDER_OFFSET = 4 * (6 + len(CALLS))
SIZE = FOLDER_OFFSET + 256


class Shim:
    """While it is there, `harness.gateway.BINARY` is the program with the shim."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.program = harness.gateway.BINARY
        library, plan = folder / "shim.so", folder / "plan"
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl"], check=True)
        plan.write_bytes(bytes(SIZE))
        with plan.open("r+b") as file:
            self.plan = mmap.mmap(file.fileno(), SIZE)
        place = os.fsencode(state)
        self.plan[FOLDER_OFFSET:FOLDER_OFFSET + len(place)] = place
        self.boot_id = folder / "boot_id"
        self.next_boot()
        script = folder / "with-shim"
        variables = {"LD_PRELOAD": library, "PROOF_PLAN": plan, "PROOF_BOOT_ID": self.boot_id}
        words = " ".join(shlex.quote(f"{name}={value}") for name, value in variables.items())
        script.write_text(f"#!/bin/sh\nexec env {words} {shlex.quote(str(self.program))} \"$@\"\n")
        script.chmod(0o755)
        harness.gateway.BINARY = script

    def end(self) -> None:
        harness.gateway.BINARY = self.program
        self.disarm()

    def next_boot(self) -> None:
        """What is not synced is trusted only as long as the boot lasts."""
        self.boot_id.write_text(f"{uuid.uuid4()}\n")

    def arm(self, call: str, error: int, skip: int, times: int) -> None:
        """After `skip` calls on the state's files the next `times` fail; error 0 makes a write short."""
        self.plan[4:24] = struct.pack("5i", CALLS.index(call), error, skip, times, 0)
        self.plan[24:FOLDER_OFFSET] = bytes(4 * len(CALLS))
        self.plan[0:4] = struct.pack("i", 1)

    def disarm(self) -> None:
        self.plan[0:4] = struct.pack("i", 0)

    @property
    def hits(self) -> int:
        return struct.unpack("i", self.plan[20:24])[0]

    @property
    def seen(self) -> dict[str, int]:
        counts = struct.unpack(f"{len(CALLS)}i", self.plan[24:FOLDER_OFFSET])
        return dict(zip(CALLS, counts))


@contextlib.contextmanager
def shim(folder: Path, state: Path) -> Iterator[Shim]:
    made = Shim(folder, state)
    try:
        yield made
    finally:
        made.end()
