"""Single writes, each with a look at whether it is done: not at all or wholly."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from harness.gateway import Gateway

OLD, NEW = "old", "new"


@dataclass
class Deed:
    name: str
    do: Callable[[], httpx.Response]
    #: `old`, `new`, or words for anything else.
    look: Callable[[], str]


def deeds(gateway: Gateway) -> list[Callable[[], Deed]]:
    """Makers of deeds; each call prepares a user of its own."""
    return [lambda maker=maker: maker(gateway) for maker in (add, begin, go_on, rotate, update, forget, remove)]


def add(gateway: Gateway) -> Deed:
    user_id = f"u-{uuid.uuid4().hex[:10]}"
    answers: list[httpx.Response] = []

    def do() -> httpx.Response:
        answers.append(gateway.post("/api/client/add-user", gateway.admin_key, user_id=user_id, username="Ada"))
        return answers[-1]

    def look() -> str:
        seen = gateway.get("/api/recall", gateway.admin_key, user_id=user_id)
        listed = gateway.get("/api/client/users", gateway.admin_key, limit=5).json()["users"]
        is_listed = user_id in [user["user_id"] for user in listed]
        if seen.status_code == 404:
            return OLD if not is_listed else "listed but not there"
        if not is_listed:
            return f"not listed, {seen.status_code}"
        if answers[-1].status_code == 200:
            return NEW if gateway.get("/api/recall", answers[-1].json()["api_key"]).status_code == 200 else "no key"
        return NEW

    return Deed("add-user", do, look)


def begin(gateway: Gateway) -> Deed:
    key = gateway.add_user()
    prompt = uuid.uuid4().hex

    def look() -> str:
        listed = gateway.recall(key)
        stored = [gateway.recall(key, identity)["messages"] for identity in listed]
        return {0: OLD, 1: NEW}.get(len(stored), f"{len(stored)} conversations")

    return Deed("chat, first turn", lambda: gateway.chat(key, prompt), look)


def go_on(gateway: Gateway) -> Deed:
    key = gateway.add_user()
    identity = gateway.talk(key, "First")["conversation_id"]

    def look() -> str:
        turns = len(gateway.recall(key, identity)["messages"])
        return {1: OLD, 2: NEW}.get(turns, f"{turns} turns")

    return Deed("chat, next turn", lambda: gateway.chat(key, "Second", conversation_id=identity), look)


def rotate(gateway: Gateway) -> Deed:
    key = gateway.add_user(user_id := f"u-{uuid.uuid4().hex[:10]}")
    answers: list[httpx.Response] = []

    def do() -> httpx.Response:
        answers.append(
            gateway.post("/api/client/rotate-key", gateway.admin_key, user_id=user_id))
        return answers[-1]

    def look() -> str:
        before = gateway.get("/api/recall", key).status_code
        if answers[-1].status_code != 200:
            return {200: OLD, 401: NEW}.get(before, f"the old key gives {before}")
        after = gateway.get("/api/recall", answers[-1].json()["api_key"]).status_code
        return NEW if (before, after) == (401, 200) else f"old key {before}, new key {after}"

    return Deed("rotate-key", do, look)


def update(gateway: Gateway) -> Deed:
    key = gateway.add_user(user_id := f"u-{uuid.uuid4().hex[:10]}", username="Before")

    def look() -> str:
        name = gateway.get("/api/whoami", key).json().get("username")
        return {"Before": OLD, "After": NEW}.get(name, f"named {name}")

    return Deed("update-user", lambda: gateway.post(
        "/api/client/update-user", gateway.admin_key, user_id=user_id, username="After"), look)


def forget(gateway: Gateway) -> Deed:
    key = gateway.add_user()
    identity = gateway.talk(key, "First")["conversation_id"]

    def look() -> str:
        seen = gateway.get("/api/recall", key, conversation_id=identity).status_code
        is_listed = identity in gateway.recall(key)
        return {(200, True): OLD, (404, False): NEW}.get((seen, is_listed), f"{seen}, listed {is_listed}")

    return Deed("remove-conversation", lambda: gateway.post(
        "/api/remove-conversation", key, conversation_id=identity), look)


def remove(gateway: Gateway) -> Deed:
    key = gateway.add_user(user_id := f"u-{uuid.uuid4().hex[:10]}")
    gateway.talk(key, "First")

    def look() -> str:
        seen = gateway.get("/api/recall", gateway.admin_key, user_id=user_id).status_code
        with_key = gateway.get("/api/recall", key).status_code
        return {(200, 200): OLD, (404, 401): NEW}.get((seen, with_key), f"user {seen}, its key {with_key}")

    return Deed("remove-user", lambda: gateway.post(
        "/api/client/remove-user", gateway.admin_key, user_id=user_id), look)
