"""Measures how long a state directory of format 1 needs until it has format 2, and makes one for that.

    python3 bench/migration.py [TURNS]

100,000 turns if not told otherwise, of about 1.2 KB, four to a conversation and 250 conversations to a user. The program
is CHATGPT_API_SERVER or the release build. Prints the time, and what it comes to for a million turns.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("CHATGPT_API_SERVER", ROOT / ".build/release/chatgpt-api-server"))
TURNS_OF_ONE, CONVERSATIONS_OF_ONE = 4, 250
WORDS = "The quick brown fox jumps over the lazy dog. " * 12


def line(**members) -> str:
    rest = json.dumps(members, separators=(",", ":"))[1:]
    return f'{{"crc":"{zlib.crc32(rest.encode()):08x}",{rest}\n'


def make(root: Path, turns: int) -> None:
    """Writes what the version before would have written, but for users, whose archives migrate without them."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    for shard in range(256):
        (root / f"conversations/{shard:02x}").mkdir(parents=True)
    threads: dict[str, list[str]] = {}
    written = 0
    for user in range(-(-turns // (TURNS_OF_ONE * CONVERSATIONS_OF_ONE))):
        name = hashlib.sha256(f"user {user}".encode()).hexdigest()
        archive = root / f"conversations/{name[:2]}/{name}"
        archive.mkdir()
        entries = []
        for _ in range(CONVERSATIONS_OF_ONE):
            identity = str(uuid.uuid4())
            lines = [line(type="conversation", id=identity, title="About the fox", account="a",
                          created_at="2026-01-02T03:04:05.000006Z")]
            for number in range(min(TURNS_OF_ONE, turns - written)):
                lines.append(line(
                    type="turn", id=str(uuid.uuid4()), prompt=WORDS, reply=WORDS, model="m", reported_model="m-1",
                    started_at=f"2026-01-02T03:04:{number:02}.000006Z", outcome="complete"))
                written += 1
            if len(lines) == 1:
                break
            file = archive / f"{hashlib.sha256(identity.encode()).hexdigest()}.jsonl"
            file.write_text("".join(lines))
            entries.append(line(id=identity, entry={"title": "About the fox"}))
            thread = hashlib.sha256(f"thread of {identity}".encode()).hexdigest()
            threads.setdefault(thread[:3], []).append(f"{thread} {identity}\n")
        (archive / "list.jsonl").write_text(line(boot=boot, base=0) + "".join(entries))
    (root / "threads").mkdir()
    for name, lines in threads.items():
        (root / f"threads/{name}.log").write_text("".join(lines))
    (root / "format.json").write_text('{"version":1}\n')


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="migration-", dir=os.environ.get("STATE_PARENT")) as folder:
        root = Path(folder) / "state"
        root.mkdir(mode=0o700)
        make(root, turns)
        os.sync()
        before = os.times()
        begun = time.perf_counter()
        subprocess.run([BINARY, "users", "list", "--state-dir", root], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - begun
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        assert json.loads((root / "format.json").read_text()) == {"version": 2}
        print(f"{turns:,} turns: {seconds:.1f} s, {cpu:.1f} s of CPU; a million: {seconds * 1e6 / turns:,.0f} s")


main()
