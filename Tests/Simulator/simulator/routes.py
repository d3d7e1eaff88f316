"""The one table of routes, and what is done around every handler."""

from __future__ import annotations

import re
import sys
import time
import traceback
from collections.abc import Awaitable, Callable

from . import backend, control, identity, oauth, turns, web
from .call import Call
from .connection import ClientGone, Exchange
from .faults import FaultSet, Place
from .http_message import Response
from .journal import Entry
from .refusals import refusal
from .stream import pause
from .world import World

Handler = Callable[[Call], Awaitable[Response | None]]

CONVERSATION = "/backend-api/conversation"

TABLE: list[tuple[str, str, Handler]] = [
    ("POST", CONVERSATION, turns.post_conversation),
    ("POST", "/backend-api/conversation/gen_title/{id}", backend.gen_title),
    ("POST", "/backend-api/conversation/message_feedback", backend.give_feedback),
    ("GET", "/backend-api/conversation/{id}", backend.read_conversation),
    ("PATCH", "/backend-api/conversation/{id}", backend.change_conversation),
    ("GET", "/backend-api/conversations", backend.list_conversations),
    ("PATCH", "/backend-api/conversations", backend.clear_conversations),
    ("GET", "/backend-api/models", backend.list_models),
    ("GET", "/backend-api/accounts/check", backend.check_account),
    ("GET", "/backend-api/accounts/check/v4-2023-04-27", backend.check_account_v4),
    ("POST", "/backend-api/moderations", backend.moderate),
    ("GET", "/public-api/conversation_limit", backend.conversation_limit),
    ("GET", "/web/api/auth/csrf", web.csrf),
    ("POST", "/web/api/auth/signin/auth0", web.sign_in),
    ("GET", "/web/api/auth/callback/auth0", web.callback),
    ("GET", "/web/api/auth/session", web.session),
    ("GET", "/web/api/auth/(signin|error)", web.page),
    ("GET", "/web/auth/(login|error)", web.page),
    ("GET", "/web/", web.page),
    ("GET", "/auth0/authorize", identity.authorize),
    ("GET", "/auth0/u/login/identifier", identity.identifier_page),
    ("POST", "/auth0/u/login/identifier", identity.identifier),
    ("GET", "/auth0/u/login/password", identity.password_page),
    ("POST", "/auth0/u/login/password", identity.password),
    ("GET", "/auth0/authorize/resume", identity.resume),
    ("GET", "/auth0/u/mfa-otp-challenge", identity.mfa_page),
    ("POST", "/auth0/u/mfa-otp-challenge", identity.mfa),
    ("POST", "/auth0/oauth/token", oauth.token),
    ("POST", "/auth0/oauth/revoke", oauth.revoke),
]

CONTROL: list[tuple[str, str, Handler]] = [
    ("POST", "/_sim/reset", control.reset),
    ("POST", "/_sim/next", control.order_fault),
    ("POST", "/_sim/era", control.set_era),
    ("POST", "/_sim/settings", control.change_settings),
    ("POST", "/_sim/account", control.change_one_account),
    ("POST", "/_sim/clock", control.move_clock),
    ("POST", "/_sim/token", control.give_credential),
    ("POST", "/_sim/revoke", control.revoke_tokens),
    ("GET", "/_sim/log", control.show_log),
    ("GET", "/_sim/state", control.show_state),
]


class Router:
    """Finds the handler of a request, and records what came of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes = _compiled(TABLE)
        self._control = _compiled(CONTROL)

    async def answer(self, exchange: Exchange) -> None:
        """Answers one request; raises `ClientGone` if the client left before the end of the answer."""
        request, world = exchange.request, self._world
        token, mark = world.tokens.presented(request)
        account = token.account if token else None
        if request.path.startswith("/_sim/"):
            entry = Entry(0, request.method, request.path, {}, {}, {}, None, "", None, 0)
            await self._run(self._control, Call(world, exchange, entry))
            return
        entry = world.journal.open(request, account.email if account else None, mark)
        counters = account.counters if account and request.method == "POST" and request.path == CONVERSATION else None
        if counters is not None:
            counters.in_flight += 1
            counters.max_in_flight = max(counters.max_in_flight, counters.in_flight)
        world.run(exchange)
        try:
            call = Call(world, exchange, entry)
            if not await self._struck(call, world.struck(Place.ANY, request, account, entry)):
                await self._run(self._routes, call)
        except ClientGone:
            entry.aborted = not exchange.is_over
            raise
        finally:
            world.ran(exchange)
            if counters is not None:
                counters.in_flight -= 1
            entry.end = time.monotonic()
            entry.status, entry.bytes_sent = exchange.status, exchange.bytes_sent

    async def _struck(self, call: Call, faults: FaultSet) -> bool:
        """Carries out the faults that strike any path; true if there is nothing more to answer."""
        if (slow := faults.get("slow_headers")) is not None:
            await pause(call.exchange, slow.number() / 1000)
        if "hang_headers" in faults:
            await pause(call.exchange, 3600)
        if "reset" in faults:
            await call.exchange.reset()
            return True
        if (status := faults.get("status")) is not None:
            await call.exchange.respond(refusal(status.number(), status.word(1)))
            return True
        return False

    async def _run(self, routes: list[tuple[str, re.Pattern[str], Handler]], call: Call) -> None:
        response = await self._handled(routes, call)
        if response is not None:
            await call.exchange.respond(response)

    async def _handled(self, routes: list[tuple[str, re.Pattern[str], Handler]], call: Call) -> Response | None:
        is_path_known = False
        for method, pattern, handler in routes:
            match = pattern.fullmatch(call.request.path)
            if match is None:
                continue
            is_path_known = True
            if method != call.request.method:
                continue
            call.groups = {k: v for k, v in match.groupdict().items() if v is not None}
            try:
                return await handler(call)
            except ClientGone:
                raise
            except Exception:  # A fault of the simulator itself must be seen, whatever the client makes of it.
                traceback.print_exc(file=sys.stderr)
                if call.exchange.status is not None:
                    call.exchange.drop()
                    return None
                return Response.of_json({"simulator_bug": traceback.format_exc()}, 599)
        if is_path_known:
            return Response.of_json({"detail": "Method Not Allowed"}, 405)
        return refusal(404, "html")


def _compiled(table: list[tuple[str, str, Handler]]) -> list[tuple[str, re.Pattern[str], Handler]]:
    return [(method, re.compile(path.replace("{id}", "(?P<id>[^/]+)")), handler) for method, path, handler in table]
