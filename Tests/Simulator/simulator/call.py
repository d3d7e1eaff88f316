"""What a route's handler gets to see."""

from __future__ import annotations

from dataclasses import dataclass, field

from .accounts import Account
from .connection import Exchange
from .faults import FaultSet, Place
from .http_message import Request
from .journal import Entry
from .world import World


@dataclass
class Call:
    """One request on its way: the world, the connection, the record and what the path said."""

    world: World
    exchange: Exchange
    entry: Entry
    groups: dict[str, str] = field(default_factory=dict)

    @property
    def request(self) -> Request:
        return self.exchange.request

    def struck(self, place: Place, account: Account | None = None) -> FaultSet:
        """The faults that wait for this request at a place."""
        return self.world.struck(place, self.request, account, self.entry)

    def cookie(self, name: str, value: str, max_age: int | None = None) -> tuple[str, str]:
        """A `Set-Cookie` header as both sites send it.

        Without `Secure` the name loses its `__Host-` or `__Secure-`, since a jar must refuse such a cookie.
        """
        is_secure = self.world.settings.has_secure_cookies
        attributes = [f"{name if is_secure else plain_name(name)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if max_age is not None:
            attributes.append(f"Max-Age={max_age}")
        if is_secure:
            attributes.append("Secure")
        return "Set-Cookie", "; ".join(attributes)

    def presented(self, name: str) -> str:
        """The value of a cookie of the request, with or without the prefix in its name; empty if there is none."""
        cookies = self.request.cookies()
        return cookies.get(name) or cookies.get(plain_name(name), "")


def plain_name(name: str) -> str:
    return name.removeprefix("__Host-").removeprefix("__Secure-")
