"""Measures the program beside plain `proxy_pass` to the same upstream and a FastCGI hello, in one run and by turns.

Medians of three rounds; ratios count, because absolute figures depend on what else the machine does. Everything is on
loopback, bounded in time, and ended by its pid. The result is a table and out/bench.json.
"""

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out"
BINARY = Path(os.environ.get("CHATGPT_API_SERVER", ROOT / ".build/release/chatgpt-api-server"))
ROUNDS = 3
SECONDS = 4
UPSTREAM, WAITING, PROXY, DURABLE, FLUSH, FOUR, FIXED, STREAM_PROXY, STREAMING, HELLO = range(
    19931, 19941)
COMPLETION = json.dumps({
    "id": "chatcmpl-fixed", "object": "chat.completion", "created": 1700000000, "model": "m", "choices": [{
        "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "The Danube. " * 33}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 100, "total_tokens": 109}}).ljust(598)
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})


def start(stack: ExitStack, *command, **options) -> subprocess.Popen:
    child = subprocess.Popen([str(word) for word in command], **options)

    def stop() -> None:
        child.terminate()
        child.wait(20)

    stack.callback(stop)
    return child


def wait_for(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"bench: {url} does not answer")


class Server:
    """The program with nginx on a port of its own."""

    def __init__(self, stack: ExitStack, folder: Path, port: int, workers: int, upstream: int, durability: str) -> None:
        self.port = port
        home = folder / str(port)
        (home / "nginx").mkdir(parents=True)
        home.chmod(0o755)
        settings = home / "settings.json"
        accounts = [{"id": name, "base_url": f"http://127.0.0.1:{upstream}/v1", "models": ["m"]} for name in "ab"]
        settings.write_text(json.dumps({
            "openai": {"instances": accounts}, "api_server": {"port": port, "durability": durability}}))
        log = (home / "serve.log").open("w")
        self.serve = start(
            stack, BINARY, "serve", "--settings", settings, "--state-dir", home / "state", "--socket", home / "socket",
            "--workers", workers, stdout=subprocess.PIPE, stderr=log)
        self.serve.stdout.readline()
        configuration = subprocess.run(
            [BINARY, "nginx-config", "--settings", settings, "--socket", home / "socket", "--www", ROOT / "www",
             "--prefix", home / "nginx"], check=True, capture_output=True, text=True).stdout
        (home / "nginx.conf").write_text(configuration)
        start(stack, "nginx", "-c", home / "nginx.conf", "-g", "daemon off;", stderr=log)
        self.key = subprocess.run(
            [BINARY, "users", "add", "--state-dir", home / "state", "--user-id", "bench", "--username", "Bench"],
            check=True, capture_output=True, text=True).stdout.strip()
        wait_for(f"http://127.0.0.1:{port}/healthz")

    def memory(self, kind: str = "Rss") -> int:
        """Memory of all workers, in KiB: "Rss", where pages that they share count for each, or "Pss", where once."""
        children = Path(f"/proc/{self.serve.pid}/task/{self.serve.pid}/children").read_text().split()
        return sum(
            int(re.search(rf"\n{kind}:\s+(\d+)", Path(f"/proc/{child}/smaps_rollup").read_text())[1]) for child in children)


def proxy(stack: ExitStack, folder: Path) -> None:
    """nginx with `proxy_pass` to both upstreams, with the fixed answer that requests get as their upstream, and with
    libfcgi alone behind it."""
    home = folder / "proxy"
    home.mkdir()
    (home / "nginx.conf").write_text(f"""
        worker_processes auto; worker_rlimit_nofile 65536; pid {home}/pid; error_log {home}/error.log;
        events {{ worker_connections 16384; }}
        http {{
            access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
            uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
            upstream pool {{ server 127.0.0.1:{FIXED}; keepalive 64; }}
            upstream streams {{ server 127.0.0.1:{UPSTREAM}; keepalive 64; }}
            server {{
                listen 127.0.0.1:{FIXED} backlog=32768;
                keepalive_requests 1000000;
                location / {{ default_type application/json; return 200 '{COMPLETION}'; }}
            }}
            server {{
                listen 127.0.0.1:{PROXY} backlog=32768;
                keepalive_requests 1000000;
                location / {{ proxy_pass http://pool; proxy_http_version 1.1; proxy_set_header Connection ""; }}
            }}
            server {{
                listen 127.0.0.1:{HELLO} backlog=32768;
                keepalive_requests 1000000;
                location / {{ include /etc/nginx/fastcgi_params; fastcgi_pass unix:{home}/hello; }}
            }}
            server {{
                listen 127.0.0.1:{STREAM_PROXY} backlog=32768;
                location / {{
                    proxy_pass http://streams; proxy_http_version 1.1; proxy_set_header Connection "";
                    proxy_buffering off;
                }}
            }}
        }}""")
    start(stack, OUT / "hello", home / "hello")
    start(stack, "nginx", "-c", home / "nginx.conf", "-g", "daemon off;", stderr=subprocess.DEVNULL)
    time.sleep(0.5)


def wrk(port: int, key: str, connections: int, folder: Path) -> dict:
    script = folder / "post.lua"
    script.write_text(f"""
        wrk.method = "POST"; wrk.path = "/v1/chat/completions"; wrk.body = [[{BODY}]]
        wrk.headers["Content-Type"] = "application/json"; wrk.headers["Authorization"] = "Bearer {key}"
        done = function(summary, latency)
            io.write(string.format("RESULT %f %f %f %d\\n", summary.requests / summary.duration * 1e6,
                latency:percentile(50), latency:percentile(99),
                summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
        end""")
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", script, f"http://127.0.0.1:{port}"],
        check=True, capture_output=True, text=True).stdout
    rate, p50, p99, errors = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", output).groups()
    return {"per_second": float(rate), "p50_us": float(p50), "p99_us": float(p99), "errors": int(errors)}


def streams(port: int, key: str, count: int) -> dict:
    return json.loads(subprocess.run(
        [OUT / "streams", str(port), str(count), key], check=True, capture_output=True, text=True).stdout)


def median(rounds: list[dict]) -> dict:
    first = rounds[0]
    return {
        name: median([r[name] for r in rounds]) if isinstance(value, dict) else statistics.median(r[name] for r in rounds)
        for name, value in first.items()}


def in_flight(server: Server, count: int) -> dict:
    """`count` requests that wait 5 s for their upstream, all at once."""
    before = server.memory()
    peak, peak_once = before, 0
    load = subprocess.Popen(
        ["wrk", "-t1", f"-c{count}", "-d14s", "--timeout", "60s", "-s", str(OUT / "post.lua"),
         f"http://127.0.0.1:{server.port}"], stdout=subprocess.PIPE, text=True)
    while load.poll() is None:
        peak, peak_once = max(peak, server.memory()), max(peak_once, server.memory("Pss"))
        time.sleep(0.2)
    result = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", load.stdout.read())
    return {
        "count": count, "errors": int(result[4]), "kib_each": round((peak - before) / count, 1), "peak_kib": peak,
        "peak_kib_shared_once": peak_once}


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    OUT.mkdir(exist_ok=True)
    # As deploy/chatgpt-api-server.sysctl has it: nginx answers 502 where the queue of the socket is full.
    queue = Path("/proc/sys/net/core/somaxconn")
    if int(queue.read_text()) < 32_768:
        try:
            queue.write_text("32768")
        except OSError:
            print("net.core.somaxconn is below 32768: some of 10,000 requests at once will fail")
    for name in ("upstream", "streams", "hello"):
        subprocess.run(["cc", "-O2", "-o", OUT / name, ROOT / "bench" / f"{name}.c", "-lfcgi"], check=True)
    results: dict = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        folder.chmod(0o755)
        start(stack, OUT / "upstream", UPSTREAM, 50, 20)
        start(stack, OUT / "upstream", WAITING, 50, 20, 5000)
        proxy(stack, folder)
        durable = Server(stack, folder, DURABLE, 2, FIXED, "fsync")
        flush = Server(stack, folder, FLUSH, 2, FIXED, "flush")
        streaming = Server(stack, folder, STREAMING, 2, UPSTREAM, "fsync")
        four = Server(stack, folder, FOUR, 4, WAITING, "flush")
        ways = {
            "proxy_pass": (PROXY, "none"), "hello": (HELLO, "none"), "durable": (DURABLE, durable.key), "flush": (FLUSH, flush.key)}
        for connections in (32, 1):
            rounds = [
                {name: wrk(port, key, connections, folder) for name, (port, key) in ways.items()}
                for _ in range(ROUNDS)]
            results[f"requests_c{connections}"] = median(rounds)
        for count in (1, 2000):
            rounds = [
                {"proxy_pass": streams(STREAM_PROXY, "none", count),
                 "durable": streams(STREAMING, streaming.key, count)}
                for _ in range(ROUNDS)]
            results[f"streams_{count}"] = median(rounds)
            results[f"streams_{count}"]["memory_kib"] = {kind: streaming.memory(kind) for kind in ("Rss", "Pss")}
        wrk(FOUR, four.key, 1, OUT)
        results["in_flight"] = in_flight(four, 10_000)
    (OUT / "bench.json").write_text(json.dumps(results, indent=2))
    report(results)


def report(results: dict) -> None:
    for connections in (32, 1):
        rows = results[f"requests_c{connections}"]
        limit = rows["proxy_pass"]["per_second"]
        for name, row in rows.items():
            print(f"c={connections:<3} {name:<11} {row['per_second']:9.0f}/s  ratio {row['per_second'] / limit:5.2f}  "
                  f"p50 {row['p50_us'] / 1000:7.2f} ms  p99 {row['p99_us'] / 1000:7.2f} ms  errors {row['errors']:.0f}")
    for count in (1, 2000):
        for name, row in results[f"streams_{count}"].items():
            if name != "memory_kib":
                print(f"{count} streams {name:<11} whole {row['whole']:.0f}  pieces {row['pieces']:.0f}  duration p50 "
                      f"{row['duration_ms']['p50']:.0f} ms p99 {row['duration_ms']['p99']:.0f} ms  piece p50 "
                      f"{row['delay_us']['p50']:.0f} us p99 {row['delay_us']['p99']:.0f} us")
        memory = results[f"streams_{count}"]["memory_kib"]
        print(f"{count} streams, resident memory of both workers: {memory['Rss'] / 1024:.0f} MiB, with shared pages "
              f"counted once {memory['Pss'] / 1024:.0f} MiB")
    print(f"in flight: {results['in_flight']}")


if __name__ == "__main__":
    main()
