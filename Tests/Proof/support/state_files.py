"""What lies in a state directory."""

import json
import re
import zlib
from pathlib import Path

LINE = re.compile(rb'\{"crc":"([0-9a-f]{8})",(.*)\}', re.DOTALL)


def unreadable(state: Path) -> list[str]:
    """The files that are no whole JSON, and the spoilt lines of logs.

    A torn last line is allowed: readers pass it over, and the next append sets it aside.
    """
    found = []
    for file in state.rglob("*"):
        if file.is_symlink():
            continue
        try:
            if file.suffix == ".json":
                json.loads(file.read_bytes())
            elif file.suffix == ".jsonl":
                for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], 1):
                    if not is_whole(line):
                        found.append(f"{file} line {number}: {line[:60]!r}")
        except FileNotFoundError:
            continue
        except ValueError as error:
            found.append(f"{file}: {error}")
    return found


def is_whole(line: bytes) -> bool:
    """Whether the line is JSON whose checksum is right; see `ChecksummedLine`."""
    match = LINE.fullmatch(line)
    if match is None or int(match[1], 16) != zlib.crc32(match[2] + b"}"):
        return False
    json.loads(line)
    return True


def temporary(state: Path) -> list[Path]:
    """What writers that were killed left behind."""
    return [file for file in state.rglob("*.tmp")]
