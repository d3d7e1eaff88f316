"""The loads, each bounded in number and time, and the figures of one run of them."""

import json
import re
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Callable

import processes
from servers import OUT, Gateway, Way

PATH = "/v1/chat/completions"
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
LONG_MESSAGES, LONG_BYTES = 200, 53_000


def long_body() -> str:
    """A conversation of many messages, with what JSON has to escape and what is not ASCII."""
    text = "He said \"no\", and then:\n\tthe Danube rises in the Black Forest, at Donaueschingen, where the Breg and " \
        "the Brigach meet; Württemberg, Österreich, Magyarország. It flows on for 2,850 kilometres to the delta. "
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": f"{n}: {text}"[:225]} for n in range(LONG_MESSAGES - 1)]
    messages.append({"role": "user", "content": "And then? "})
    body = {"model": "m", "messages": messages}
    missing = LONG_BYTES - len(json.dumps(body, ensure_ascii=False).encode())
    messages[-1]["content"] += "." * missing
    return json.dumps(body, ensure_ascii=False)


def wrk(port: int, key: str, connections: int, seconds: int, body: str = BODY) -> dict:
    script = f"""
        wrk.method = "POST"; wrk.path = "{PATH}"; wrk.body = [==[{body}]==]
        wrk.headers["Content-Type"] = "application/json"; wrk.headers["Authorization"] = "Bearer {key}"
        done = function(summary, latency)
            io.write(string.format("RESULT %d %f %f %f %d\\n", summary.requests,
                summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99),
                summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
                + summary.errors.timeout))
        end"""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        output = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", file.name,
             f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
    requests, rate, p50, p99, errors = re.search(r"RESULT (\d+) (\S+) (\S+) (\S+) (\d+)", output).groups()
    return {"requests": int(requests), "per_second": float(rate), "p50_us": float(p50), "p99_us": float(p99),
            "errors": int(errors)}


def requests(way: Way, connections: int, seconds: int, body: str = BODY) -> dict:
    """Completions for some seconds, with the CPU of a request in the processes behind nginx."""
    figures, cpu = with_cpu(way, lambda: wrk(way.port, way.key, connections, seconds, body))
    return {**figures, "cpu_us": cpu and cpu / max(1, figures["requests"])}


def streams(way: Way, count: int) -> dict:
    """So many streamed completions at once, with the CPU of a piece, requests and ends included."""
    figures, cpu = with_cpu(way, lambda: json.loads(subprocess.run(
        [OUT / "streams", str(way.port), str(count), way.key, "60"], check=True, capture_output=True, text=True,
        timeout=90).stdout))
    return {**figures, "cpu_us": cpu and cpu / max(1, figures["pieces"])}


def with_cpu(way: Way, load: Callable[[], dict]) -> tuple[dict, float | None]:
    """The figures of a load, and the microseconds of CPU of the way's processes during it, if it has any."""
    before = processes.cpu_seconds(way.pids())
    figures = load()
    if not before:
        return figures, None
    after = processes.cpu_seconds(list(before))
    return figures, sum(after[pid] - before[pid] for pid in before) * 1e6


def with_memory(gateway: Gateway, load: Callable[[], dict]) -> dict:
    """The figures of a load with the most memory that all workers had during it, in KiB."""
    before = gateway.memory_kib("Rss")
    peaks = {"Rss": before, "Pss": gateway.memory_kib("Pss")}
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.2):
            for kind in peaks:
                peaks[kind] = max(peaks[kind], gateway.memory_kib(kind))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        figures = load()
    finally:
        is_over.set()
        watcher.join()
    return {**figures, "before_kib": before, "rss_kib": peaks["Rss"], "pss_kib": peaks["Pss"]}


def by_turns(ways: list[Way], rounds: int, load: Callable[[Way], dict]) -> list[dict[str, dict]]:
    """What `load` finds for each way in each round. Every other round goes backwards, against drift."""
    taken = []
    for number in range(rounds):
        figures = {way.name: load(way) for way in (ways if number % 2 == 0 else reversed(ways))}
        taken.append({way.name: figures[way.name] for way in ways})
    return taken


def median(rounds: list[dict]) -> dict:
    """The median of each figure; None where there is none."""
    return {
        name: median([one[name] for one in rounds]) if isinstance(value, dict)
        else value if value is None or isinstance(value, str)
        else statistics.median(one[name] for one in rounds)
        for name, value in rounds[0].items()}
