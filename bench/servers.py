"""What is measured: the gateway, plain nginx before the same upstream, and the C floors, each behind nginx."""

import json
import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import processes

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out"
BINARY = Path(os.environ.get("CHATGPT_API_SERVER", ROOT / ".build/release/chatgpt-api-server"))
FLOOR_PROCESSES = 2
#: Streams get so many pieces, so many milliseconds apart.
PIECES, INTERVAL = 50, 20
#: How long the upstream of requests in flight waits, in milliseconds: longer than it takes to make them.
WAIT = 10_000
COMPLETION = json.dumps({
    "id": "chatcmpl-fixed", "object": "chat.completion", "created": 1700000000, "model": "m", "choices": [{
        "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "The Danube. " * 33}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 100, "total_tokens": 109}}).ljust(598)


@dataclass(frozen=True)
class Way:
    """A port of nginx, and the process behind it, if any, whose CPU counts."""

    name: str
    port: int
    key: str = "none"
    process: subprocess.Popen | None = None
    #: Whether the process itself answers, not only its children.
    is_worker: bool = False

    def pids(self) -> list[int]:
        if self.process is None:
            return []
        own = [self.process.pid] if self.is_worker else []
        return own + processes.children(self.process.pid)


class Gateway:
    """The program with an nginx of its own, as `nginx-config` writes it."""

    def __init__(
            self, stack: ExitStack, folder: Path, name: str, upstream: int, durability: str, workers: int = 2,
            **sections: dict) -> None:
        """`sections` are put into the settings as they are."""
        self.port = processes.free_port()
        self.home = folder / f"{name.replace(' ', '-')}-{self.port}"
        (self.home / "nginx").mkdir(parents=True)
        self.home.chmod(0o755)
        settings, socket, state = self.home / "settings.json", self.home / "socket", self.home / "state"
        accounts = [{"id": id, "base_url": f"http://127.0.0.1:{upstream}/v1", "models": ["m"]} for id in "ab"]
        settings.write_text(json.dumps({
            "openai": {"instances": accounts}, "api_server": {"port": self.port, "durability": durability}, **sections}))
        with (self.home / "serve.log").open("wb") as log:
            self.serve = processes.start(
                stack, BINARY, "serve", "--settings", settings, "--state-dir", state, "--socket", socket, "--workers",
                workers, stdout=subprocess.PIPE, stderr=log, bufsize=0)
        processes.wait_for_line(self.serve, "ready")
        command = ["nginx-config", "--settings", settings, "--socket", socket, "--www", ROOT / "www", "--prefix",
                   self.home / "nginx"]
        # Where nginx has to know of each worker's socket, it is told how many there are.
        if "--workers" in run("nginx-config", "--help"):
            command += ["--workers", workers]
        (self.home / "nginx.conf").write_text(run(*command))
        nginx(stack, self.home)
        self.admin = (state / "admin-key.txt").read_text().strip()
        key = run("users", "add", "--state-dir", state, "--user-id", "bench", "--username", "Bench").strip()
        processes.wait_for_port(self.port, "/healthz")
        self.way = Way(name, self.port, key, self.serve)

    def memory_kib(self, kind: str) -> int:
        """Of all workers."""
        return processes.memory_kib(self.way.pids(), kind)


def run(*words, seconds: int = 60) -> str:
    """What a command of the program writes, within so many seconds."""
    done = subprocess.run([str(word) for word in (BINARY, *words)], capture_output=True, text=True, timeout=seconds)
    if done.returncode != 0:
        processes.fail(f"{words[0]} failed: {done.stderr.strip()}")
    return done.stdout


def nginx(stack: ExitStack, home: Path) -> None:
    with (home / "nginx.log").open("wb") as log:
        processes.start(
            stack, "nginx", "-e", home / "nginx-start.log", "-c", home / "nginx.conf", "-g", "daemon off;", stderr=log)


class Front:
    """One nginx for everything but the gateway, and the upstreams of all."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        home = folder / "front"
        home.mkdir()
        home.chmod(0o755)
        self.servers: list[str] = []
        self.fixed, self.streaming, self.waiting = (processes.free_port() for _ in range(3))
        processes.start(stack, OUT / "upstream", self.streaming, PIECES, INTERVAL)
        processes.start(stack, OUT / "upstream", self.waiting, PIECES, INTERVAL, WAIT)
        self.listen(f"default_type application/json; return 200 '{COMPLETION}';", self.fixed)
        self.proxy = Way("proxy_pass", self.listen(proxy("fixed")))
        self.stream_proxy = Way("proxy_pass", self.listen(proxy("streaming") + "proxy_buffering off;"))
        self.floors = [
            self.floor(stack, home, name, *words, is_kept=is_kept) for name, is_kept, *words in (
                ("C: libfcgi", False),
                ("C: kept", True),
                ("C: + libcurl", True, self.fixed),
                ("C: + append", True, self.fixed, home, "append"),
                ("C: + sync", True, self.fixed, home, "sync"))]
        self.relay = self.behind(
            "C: relay", processes.start(stack, OUT / "relay", home / "relay", self.streaming), home / "relay", False)
        (home / "nginx.conf").write_text(f"""
            worker_processes auto; worker_rlimit_nofile 65536; pid {home}/pid; error_log {home}/error.log;
            events {{ worker_connections 16384; }}
            http {{
                access_log off; client_body_buffer_size 128k;
                client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
                uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
                upstream fixed {{ server 127.0.0.1:{self.fixed}; keepalive 64; }}
                upstream streaming {{ server 127.0.0.1:{self.streaming}; keepalive 64; }}
                {"".join(self.servers)}
            }}""")
        nginx(stack, home)
        for port in (self.streaming, self.proxy.port):
            processes.wait_for_port(port)

    def listen(self, location: str, port: int | None = None, before: str = "") -> int:
        port = port or processes.free_port()
        self.servers.append(f"""
            {before}
            server {{
                listen 127.0.0.1:{port} backlog=32768; keepalive_requests 10000000;
                location / {{ {location} }}
            }}""")
        return port

    def floor(self, stack: ExitStack, home: Path, name: str, *words, is_kept: bool) -> Way:
        socket = home / f"floor{len(self.servers)}"
        # Each has a folder of its own for its files.
        words = [socket.with_suffix(".d") if word == home else word for word in words]
        socket.with_suffix(".d").mkdir()
        return self.behind(name, processes.start(stack, OUT / "floor", socket, *words), socket, is_kept)

    def behind(self, name: str, process: subprocess.Popen, socket: Path, is_kept: bool) -> Way:
        """nginx before the sockets of a C program's processes; kept connections are as many as the requests."""
        group = socket.name
        servers = " ".join(f"server unix:{socket}.{n} max_fails=0;" for n in range(FLOOR_PROCESSES))
        kept = "keepalive 64; keepalive_requests 10000000;" if is_kept else ""
        port = self.listen(
            "include /etc/nginx/fastcgi_params; fastcgi_next_upstream off; "
            f"fastcgi_keep_conn {'on' if is_kept else 'off'}; fastcgi_pass {group};",
            before=f"upstream {group} {{ zone {group} 256k; least_conn; {servers} {kept} }}")
        return Way(name, port, process=process, is_worker=True)


def proxy(group: str) -> str:
    return f"""proxy_pass http://{group}; proxy_http_version 1.1; proxy_set_header Connection "";"""
