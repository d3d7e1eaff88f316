"""What lies in a state directory."""

import hashlib
import json
import re
import zlib
from pathlib import Path

#: Written without a sync: losing them in a power cut is harmless, or (logs) the journal puts them right at the next
#: start; see DESIGN.md, "State".
HARMLESS = re.compile(r"accounts/([^/]*\.health|tries-..)\.json|answers/.*|conversations/.*/(list\.jsonl|index|\d+\.log)|usage/rows/.*")
LINE = re.compile(rb'\{"crc":"([0-9a-f]{8})",(.*)\}', re.DOTALL)


def unreadable(state: Path, after_power_cut: bool = False) -> list[str]:
    """The files that are no whole JSON, and the spoilt lines of logs; after a power cut only of what is synced.

    A torn last line is allowed: readers pass it over, and the next append sets it aside.
    """
    found = []
    for file in state.rglob("*"):
        if file.is_symlink() or after_power_cut and HARMLESS.fullmatch(str(file.relative_to(state))):
            continue
        try:
            if file.suffix == ".json":
                json.loads(file.read_bytes())
            elif file.suffix == ".jsonl" or file.suffix == ".log":
                for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], 1):
                    # A removed line is blank, and its blocks may be a hole.
                    if line.strip(b" \0") and not is_whole(line):
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


def orphans(state: Path) -> dict[str, list[Path]]:
    """What belongs to no user: keys that no record lists, and conversations that nobody can reach."""
    users = {file.stem: json.loads(file.read_bytes()) for file in state.glob("users/??/*.json")}
    listed = {key["digest"] for user in users.values() for key in user["keys"]}
    live = {archive_of(user, digest) for digest, user in users.items()}
    archives = [
        folder for folder in state.glob("conversations/??/*")
        if folder.name not in live and not (folder / "kept").exists()]
    return {"keys": [file for file in state.glob("keys/??/*.json") if file.stem not in listed], "archives": archives}


def archive_of(user: dict, digest: str) -> str:
    """The name of a user's archive: of one that was taken over, of the number, or of the record where there is none."""
    if "archive" in user:
        return user["archive"]
    return hashlib.sha256(f"\0{user['number']}".encode()).hexdigest() if "number" in user else digest
