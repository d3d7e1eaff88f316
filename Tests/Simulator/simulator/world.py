"""All that the simulator knows, in memory; a reset begins it anew."""

from __future__ import annotations

import time
from typing import Any

from .accounts import Account, Fixture, Settings
from .connection import Exchange
from .conversations import Archive
from .eras import DEFAULT_ERA, ERAS, Era
from .faults import FaultQueue, FaultSet, Place, PromptFaults
from .http_message import Request
from .journal import Entry, Journal
from .sign_in import SignIns
from .tokens import TokenBook


class World:
    """Accounts, credentials, conversations, faults and the record of one simulator."""

    def __init__(self, fixture: Fixture, first_era: str | None = None) -> None:
        self.fixture = fixture
        self._first_era = first_era or fixture.era or DEFAULT_ERA
        self.origin = ""
        """Scheme, host and port of the simulator itself, for absolute addresses."""
        self._running: set[Exchange] = set()
        self.reset()

    def reset(self, keeps_tokens: bool = False) -> None:
        """Forgets everything but the fixture, and closes answers that still run.

        With `keeps_tokens` accounts and credentials stay, with their counters at nought.
        """
        for exchange in list(self._running):
            exchange.connection.close()
        if keeps_tokens:
            for account in self.accounts.values():
                account.counters = type(account.counters)()
        else:
            self.clock_offset = 0.0
            self.accounts: dict[str, Account] = self.fixture.make_accounts()
            self.tokens = TokenBook(self.now)
            for account in self.accounts.values():
                self._install_credentials(account)
        self.settings = Settings()
        self.settings.change(self.fixture.settings)
        self.era: Era = ERAS[self._first_era]
        self.sign_ins = SignIns()
        self.archive = Archive()
        self.faults = FaultQueue()
        self.prompt_faults = PromptFaults()
        self.journal = Journal()

    def now(self) -> float:
        """Seconds since the epoch, moved by `POST /_sim/clock`."""
        return time.time() + self.clock_offset

    def run(self, exchange: Exchange) -> None:
        self._running.add(exchange)

    def ran(self, exchange: Exchange) -> None:
        self._running.discard(exchange)

    def struck(self, place: Place, request: Request, account: Account | None, entry: Entry) -> FaultSet:
        """Takes the faults that wait for this request and notes them in its record."""
        faults = self.faults.take(place, request.path, account.email if account else None)
        entry.faults += [str(fault) for fault in faults]
        return FaultSet(faults)

    def state(self) -> dict[str, Any]:
        """What `GET /_sim/state` answers."""
        return {
            "era": self.era.name,
            "accounts": {email: account.counters.shown() for email, account in self.accounts.items()},
            "conversations": [conversation.summary() for conversation in self.archive.by_id.values()],
            "waiting_faults": [
                {
                    "fault": [str(fault) for fault in each.faults], "account": each.account, "path": each.path,
                    "times": each.times,
                }
                for each in self.faults.waiting
            ],
            "running": len(self._running),
        }

    def _install_credentials(self, account: Account) -> None:
        if account.session_token:
            self.tokens.install_session(account, account.session_token)
        if account.refresh_token:
            self.tokens.refresh[account.refresh_token] = account
