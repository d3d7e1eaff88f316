"""Upstreams that break in every way disturb nobody but their own callers."""

import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness import process
from harness.process import eventually
from support.fault_proxy import NAMES
from support.sizes import size

HEALTHY = size("HEALTHY", 200, least=50)
CALLS_OF_A_FAULT = size("CALLS_OF_A_FAULT", 10, least=2)
ACCOUNTS_OF_A_FAULT = 3
#: The p99 of healthy calls beside broken ones, unless the machine is so busy that it is a third of that without them.
LIMIT_SECONDS = 0.15
#: When a caller leaves a broken upstream; the gateway itself waits 90 s for a silent one.
PATIENCE = 8.0
#: Faults that go on until the caller leaves.
SILENT = {"stall_at_once", "stall_in_answer", "one_byte_a_second"}


@pytest.fixture
def proxy(upstream, tmp_path):
    running = process.start(
        [sys.executable, "-m", "support.fault_proxy", str(upstream.port)], tmp_path / "proxy.log",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent)
    yield running.stdout.readline().split()[1]
    running.stdin.close()
    running.wait(10)


def test_upstream_faults(prepare, upstream, proxy, figures):
    broken = [
        upstream.instance("b", id=f"{name}-{number}", base_url=f"http://127.0.0.1:{proxy}/v1", models=[name])
        for name in NAMES for number in range(ACCOUNTS_OF_A_FAULT)]
    gateway = prepare("a", *broken, workers=2, title_timeout=1)
    gateway.start()
    key = gateway.add_user()
    gateway.talk(key, "Warm up")
    workers = gateway.worker_pids()
    before = healthy_calls(gateway, key)
    memory = sum(map(process.resident_bytes, workers))

    with ThreadPoolExecutor(len(NAMES) * CALLS_OF_A_FAULT) as pool:
        calls = [
            pool.submit(broken_call, gateway, key, name, number % 2 == 0)
            for number in range(CALLS_OF_A_FAULT) for name in NAMES]
        beside = healthy_calls(gateway, key)
        most = sum(map(process.resident_bytes, workers))
        outcomes = [call.result() for call in calls]

    for name, outcome in outcomes:
        figures.add("broken calls")
        if outcome == "left" and name not in SILENT or outcome.startswith(("200", "500", "done")):
            figures.fault(f"{name}: {outcome}")
    for name in NAMES:
        print(f"  {name}: {sorted({outcome for other, outcome in outcomes if other == name})}")
    for times, what in ((before, "alone"), (beside, "beside the faults")):
        figures.set(f"healthy calls {what}: p50/p99 ms", f"{len(times)}: {milliseconds(times)}")
    if slowest(beside) >= max(LIMIT_SECONDS, 3 * slowest(before)):
        figures.fault("healthy calls waited beside the faults")
    figures.set("MiB more in both workers", (most - memory) >> 20)
    if gateway.worker_pids() != workers:
        figures.fault("a worker ended")
    eventually(lambda: in_flight(gateway) == 0, "no turn is in flight any more", patience=30)
    figures.check()


def healthy_calls(gateway, key: str) -> list[float]:
    """Seconds that each took; each must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "support.healthy", str(gateway.port), key, str(HEALTHY)], cwd=Path(__file__).parent,
        capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"a healthy call failed: {done.stderr}"
    return json.loads(done.stdout)


def broken_call(gateway, key: str, name: str, is_streamed: bool) -> tuple[str, str]:
    """What the caller saw at last: a status with its code, the last event of a stream, or that it had to leave."""
    body = {"prompt": f"<<fault:{name}>> Hello", "model": name, "stream": is_streamed}
    end = time.monotonic() + PATIENCE
    try:
        with httpx.stream(
            "POST", f"{gateway.url}/api/chat", headers={"Authorization": f"Bearer {key}"}, json=body,
            timeout=PATIENCE) as answer:
            text = ""
            for piece in answer.iter_text():
                text += piece
                if time.monotonic() > end:
                    return name, "left"
    except httpx.ReadTimeout:
        return name, "left"
    if not is_streamed or answer.status_code != 200:
        return name, f"{answer.status_code} {text[:120] if answer.status_code == 200 else code_in(text)}"
    events = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    return name, f"{events[-1] if events else 'no event'} {code_in(text)}"


def code_in(text: str) -> str:
    return text.rpartition('"code":"')[2].partition('"')[0] if '"code":"' in text else text[:120]


def in_flight(gateway) -> int:
    accounts = gateway.get("/api/admin/accounts", gateway.admin_key).json()["accounts"]
    return sum(account["in_flight"] for account in accounts)


def milliseconds(times: list[float]) -> str:
    return f"{statistics.median(times) * 1000:.0f}/{slowest(times) * 1000:.0f}"


def slowest(times: list[float]) -> float:
    """The p99."""
    return sorted(times)[int(len(times) * 0.99)]
