"""What the stub remembers of the requests it got."""

import time
from dataclasses import asdict, dataclass, field


@dataclass
class Record:
    """One request. Times are seconds of the monotonic clock, which all processes of a machine share."""

    number: int
    account: str | None
    kind: str
    method: str
    path: str
    headers: list[list[str]]
    body: object
    started: float
    in_flight: int
    finished: float | None = None
    status: int | None = None
    bytes_sent: int = 0
    client_closed: bool = False


@dataclass
class Recorder:
    records: list[Record] = field(default_factory=list)
    # Requests in flight and the most of them at once, by account and kind.
    in_flight: dict[tuple[str, str], int] = field(default_factory=dict)
    most_in_flight: dict[tuple[str, str], int] = field(default_factory=dict)

    def begin(self, account: str | None, kind: str, method: str, path: str, headers, body) -> Record:
        place = (account or "", kind)
        count = self.in_flight[place] = self.in_flight.get(place, 0) + 1
        self.most_in_flight[place] = max(count, self.most_in_flight.get(place, 0))
        record = Record(
            len(self.records) + 1, account, kind, method, path, headers, body, time.monotonic(), count)
        self.records.append(record)
        return record

    def end(self, record: Record) -> None:
        record.finished = time.monotonic()
        place = (record.account or "", record.kind)
        # A reset may have come in between.
        self.in_flight[place] = max(0, self.in_flight.get(place, 0) - 1)

    def reset(self) -> None:
        """Forgets what is over; what is in flight stays counted."""
        self.records = [record for record in self.records if record.finished is None]
        self.most_in_flight = dict(self.in_flight)

    def log(self) -> list[dict]:
        return [asdict(record) for record in self.records]

    def state(self) -> dict:
        def by_account(counts: dict[tuple[str, str], int]) -> dict:
            result: dict[str, dict[str, int]] = {}
            for (account, kind), count in counts.items():
                result.setdefault(account, {})[kind] = count
            return result

        requests: dict[tuple[str, str], int] = {}
        for record in self.records:
            place = (record.account or "", record.kind)
            requests[place] = requests.get(place, 0) + 1
        return {
            "requests": by_account(requests),
            "in_flight": by_account(self.in_flight),
            "most_in_flight": by_account(self.most_in_flight),
        }
