"""An ext4 file system in a file, whose power can be cut."""

import contextlib
import fcntl
import os
import struct
import subprocess
from pathlib import Path

import pytest

from harness.process import eventually

#: FS_IOC_SHUTDOWN of linux/fs.h, _IOR('X', 125, __u32), and its flags.
SHUTDOWN = 0x8004587D
FLUSH_ALL, FLUSH_LOG, FLUSH_NOTHING = 0, 1, 2


class Disk:
    """Mounted as long as it is not removed."""

    def __init__(self, folder: Path, mebibytes: int = 512) -> None:
        self.image = folder / "disk.img"
        self.place = folder / "disk"
        self.place.mkdir()
        with self.image.open("wb") as file:
            file.truncate(mebibytes << 20)
        run("mkfs.ext4", "-q", self.image)
        self.mount()

    def mount(self) -> None:
        run("mount", "-t", "ext4", "-o", "loop,noatime", self.image, self.place)

    def cut(self, flag: int) -> None:
        """Stops all writing to the disk at once.

        With `FLUSH_NOTHING` what no sync had written by then is lost; with `FLUSH_LOG` the journal is written
        first, as if the cut came a moment later; with `FLUSH_ALL` everything is.
        """
        descriptor = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", flag))
        finally:
            os.close(descriptor)

    def sync(self) -> None:
        """Writes everything that is waiting."""
        run("sync", "--file-system", self.place)

    def remount(self) -> None:
        """Off and on: the mount replays the journal."""
        self.unmount()
        self.mount()

    def remove(self) -> None:
        with contextlib.suppress(AssertionError):
            self.unmount()

    def unmount(self) -> None:
        """The last file that a killed process had open may be closed a moment after its end."""
        command = ["umount", str(self.place)]
        eventually(lambda: subprocess.run(command, capture_output=True).returncode == 0, "unmounted", patience=10)


def disk_or_skip(folder: Path) -> Disk:
    try:
        return Disk(folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"NO POWER CUT WAS MADE, mounting is not permitted here: {error.stderr.decode().strip()}")


def run(*command) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=60)
