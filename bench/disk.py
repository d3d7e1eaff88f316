"""A file system of its own for each run.

An ext4 from which thousands of files were just deleted creates new ones several times as slowly, and so would a second
run on the same one. Hence an image that is made for the run and of which nothing is deleted before the end.
"""

import ctypes
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from processes import LIBC

SIZE = 24 << 30
#: What a run in full may take, of a tmpfs.
ENOUGH = 8 << 30
#: One inode for so many bytes: conversations are small files.
BYTES_PER_INODE = 4096
NEW_MOUNT_NAMESPACE = 0x20000


def make(stack: ExitStack) -> tuple[Path, str]:
    """A fresh folder, which is gone after `stack`, and what it lies on."""
    base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
    place = base / "state"
    base.chmod(0o755)
    place.mkdir()
    try:
        mount(stack, base / "image", place)
        kind = f"fresh ext4 with a journal, loop-mounted from an image in {base.parent}"
    except (OSError, subprocess.SubprocessError) as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
        place = memory_folder(stack) or place
        on = "tmpfs" if place.parent == Path("/dev/shm") else f"the file system of {base.parent}"
        kind = (f"{on}, NOT a fresh ext4, because a loop mount is impossible here ({reason}): "
                "what durability costs is not shown")
    # nginx's workers are somebody else.
    place.chmod(0o755)
    return place, kind


def mount(stack: ExitStack, image: Path, place: Path) -> None:
    """Mounts a new image in a mount namespace of this process and its children.

    However they end, the mount goes with the last of them, and the image, which has no name any more, with the mount.
    """
    if LIBC.unshare(NEW_MOUNT_NAMESPACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    run("mount", "--make-rprivate", "/")
    with image.open("wb") as file:
        file.truncate(SIZE)
    try:
        run("mkfs.ext4", "-q", "-F", "-O", "has_journal", "-i", BYTES_PER_INODE, image)
        # Without noinit_itable the kernel goes on writing empty tables of inodes during the first minutes.
        run("mount", "-t", "ext4", "-o", "loop,noatime,noinit_itable", image, place)
    finally:
        image.unlink()
    # Lazily: a process that is still about to end must not keep the folder.
    stack.callback(subprocess.run, ["umount", "--lazy", str(place)], check=False)


def sync_milliseconds(folder: Path) -> float:
    """How long it takes to make a written kilobyte durable there, in a file that has its size; the median."""
    file = os.open(folder / "probe", os.O_RDWR | os.O_CREAT)
    try:
        os.pwrite(file, bytes(1 << 20), 0)
        os.fsync(file)
        times = []
        for number in range(200):
            os.pwrite(file, os.urandom(1024), number * 1024)
            begin = time.perf_counter()
            os.fdatasync(file)
            times.append((time.perf_counter() - begin) * 1000)
        return statistics.median(times)
    finally:
        os.close(file)


def memory_folder(stack: ExitStack) -> Path | None:
    """A folder in the shared memory, which is a tmpfs, if there is enough of it."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < ENOUGH:
        return None
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=shared))
    stack.callback(shutil.rmtree, folder)
    return folder


def run(*command) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, timeout=120)
