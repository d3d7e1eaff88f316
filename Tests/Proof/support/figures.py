"""What a part of the proof counted, printed at its end and again at the end of all."""

import time


class Figures:
    def __init__(self, part: str) -> None:
        self.part = part
        self.started = time.monotonic()
        self.seconds: float | None = None
        self.counts: dict[str, int | float | str] = {}
        self.faults: list[str] = []

    def add(self, name: str, count: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + count

    def set(self, name: str, value: int | float | str) -> None:
        self.counts[name] = value

    def fault(self, words: str) -> None:
        """Notes a broken promise, so that a part can go on and show all of them."""
        self.faults.append(words)
        print(f"  FAULT {words}", flush=True)

    def finish(self) -> None:
        self.seconds = time.monotonic() - self.started

    def check(self) -> None:
        assert not self.faults, f"{len(self.faults)} faults, the first: {self.faults[:5]}"

    def __str__(self) -> str:
        values = ", ".join(
            f"{value:,} {name}" if isinstance(value, (int, float)) else f"{name} {value}"
            for name, value in self.counts.items())
        seconds = self.seconds or time.monotonic() - self.started
        return f"{self.part}: {values}; {len(self.faults)} faults; {seconds:.0f} s"
