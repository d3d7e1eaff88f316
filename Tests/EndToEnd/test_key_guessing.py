"""Guessing keys: every wrong key gets one same answer in the same time, and an address has few tries."""

import http.client
import socket
import statistics
import time

import pytest

from harness import raw
from harness.load import parallel
from hostile.cast import well_formed_key

MISTYPED = "sk-cas-" + "B" * 38
UNKNOWN = well_formed_key("B" * 32)


@pytest.fixture
def wrong_keys(gateway) -> dict[str, str | None]:
    removed = "to-be-removed"
    key = gateway.add_user(removed)
    assert gateway.post("/api/client/remove-user", gateway.admin_key, user_id=removed).status_code == 200
    return {
        "none": None, "mistyped": MISTYPED, "well-formed": UNKNOWN, "of the old form": "B" * 32, "removed": key,
        "one letter away": key[:-1] + ("A" if key[-1] != "A" else "B"),
    }


def test_every_wrong_key_gets_the_same_answer(gateway, wrong_keys):
    for path in ("/api/chat", "/api/recall", "/api/client/users", "/api/admin/accounts", "/api/whoami", "/v1/models"):
        answers = {}
        for name, key in wrong_keys.items():
            fields = [("Authorization", f"Bearer {key}")] if key else []
            answer = raw.send(gateway.port, raw.request_bytes("GET", path, fields))
            identity = answer.one("X-Request-Id") or ""
            kept = [(field, value) for field, value in answer.fields if field not in ("Date", "X-Request-Id")]
            answers[name] = (answer.status, kept, answer.text.replace(identity, ""))

        assert answers["none"][0] == 401
        for name, answer in answers.items():
            assert answer == answers["none"], f"{path}: {name}"


def test_every_wrong_key_takes_the_same_time(gateway, wrong_keys):
    """A key that could exist costs one look at the disk; that must not show beside the way through nginx."""
    times: dict[str, list[float]] = {name: [] for name in wrong_keys if name != "none"}
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    for _ in range(300):
        for name, taken in times.items():
            began = time.perf_counter()
            connection.request("GET", "/api/recall", headers={"Authorization": f"Bearer {wrong_keys[name]}"})
            assert connection.getresponse().read()
            taken.append(time.perf_counter() - began)
    connection.close()

    medians = {name: statistics.median(taken) * 1000 for name, taken in times.items()}
    print("milliseconds:", {name: round(value, 3) for name, value in medians.items()})
    assert max(medians.values()) - min(medians.values()) < 0.5, medians


def own_address() -> str | None:
    """An address of this machine that is not the loopback's; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def test_an_address_may_not_try_keys_without_end(launch):
    address = own_address()
    if address is None:
        pytest.skip("this machine has no address but the loopback's, which is not limited")
    gateway = launch("a", workers=1, host="0.0.0.0")

    def attempt(host: str, number: int) -> raw.RawAnswer:
        fields = [("Authorization", f"Bearer {well_formed_key(f'{number:032}')}"),
                  ("X-Forwarded-For", f"198.51.100.{number % 250}")]
        return raw.send(gateway.port, raw.request_bytes("GET", "/api/recall", fields), host)

    # More than the 1000 at once and 200 a second that nginx grants.
    def attempts(host: str) -> list[raw.RawAnswer]:
        return parallel(lambda number: attempt(host, number), range(2500), at_once=8)

    from_there, from_here = attempts(address), attempts("127.0.0.1")

    statuses = [answer.status for answer in from_there]
    assert set(statuses) == {401, 429} and statuses[0] == 401, set(statuses)
    refused = next(answer for answer in from_there if answer.status == 429)
    assert refused.one("Retry-After") == "1" and '"code":"rate_limited"' in refused.text
    # Programs on this host, such as a bot, act for many people.
    assert {answer.status for answer in from_here} == {401}
    for log in gateway.nginx_folder.glob("**/*.log"):
        assert "sk-cas-" not in log.read_text()
