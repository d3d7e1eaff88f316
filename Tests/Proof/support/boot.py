"""Lets the program see another boot of the system after a simulated power cut."""

import shlex
import uuid
from pathlib import Path

import harness.gateway

BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Boot:
    """From here on the program runs in mount namespaces in which the kernel's boot id is a file of ours.

    What is not synced is kept only as long as the boot lasts; after a cut without another boot the program
    would trust it.
    """

    def __init__(self, folder: Path) -> None:
        self.program = harness.gateway.BINARY
        self.identity = folder / "boot_id"
        self.next()
        script = folder / "in-this-boot"
        bind = f"mount --bind {shlex.quote(str(self.identity))} {BOOT_ID}"
        script.write_text(
            f"#!/bin/sh\nexec unshare -m sh -c '{bind} && exec \"$0\" \"$@\"' {shlex.quote(str(self.program))} \"$@\"\n")
        script.chmod(0o755)
        harness.gateway.BINARY = script

    def next(self) -> None:
        self.identity.write_text(f"{uuid.uuid4()}\n")

    def end(self) -> None:
        harness.gateway.BINARY = self.program
