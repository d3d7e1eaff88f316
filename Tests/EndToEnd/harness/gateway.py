"""The program behind nginx as the tests see it."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import uuid
from pathlib import Path

import httpx

from . import process
from .secrets import SecretWatch
from .upstream import KEYS, Upstream

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("CHATGPT_API_SERVER", ROOT / ".build/release/chatgpt-api-server"))

#: Made once, because reading all certificates takes long.
TRUST = ssl.create_default_context()


class Gateway:
    """One state directory, one settings file, `serve` and nginx over them."""

    def __init__(self, upstream: Upstream, settings: dict, workers: int = 2, keeps_connections: bool = True) -> None:
        self.upstream = upstream
        # nginx's workers run as www-data, so the place must be reachable for others.
        self.folder = Path(tempfile.mkdtemp(prefix="gateway-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.settings_file = self.folder / "settings.json"
        self.state = self.folder / "state"
        self.socket = self.folder / "app.socket"
        self.logs = self.folder / "logs"
        self.nginx_folder = self.folder / "nginx"
        self.www = self.folder / "www"
        for folder in (self.logs, self.nginx_folder):
            folder.mkdir()
        shutil.copytree(ROOT / "www", self.www) if (ROOT / "www").is_dir() else self.www.mkdir()
        self.port = process.free_port()
        self.workers = workers
        self.keeps_connections = keeps_connections
        self.url = f"http://127.0.0.1:{self.port}"
        self.secrets = SecretWatch(KEYS)
        self.admin_key = self.first_admin_key = ""
        self.serve: subprocess.Popen | None = None
        self.nginx: subprocess.Popen | None = None
        self.write_settings(settings)
        self.clients: list[httpx.Client] = []
        self.client_of_thread = threading.local()

    # Life

    def write_settings(self, settings: dict) -> None:
        """Replaces the settings file; what runs reads it at the next HUP."""
        self.settings = settings
        server = {"host": "127.0.0.1", "port": self.port, **settings.get("api_server", {})}
        replacement = self.settings_file.with_suffix(".new")
        replacement.write_text(json.dumps({**settings, "api_server": server}))
        replacement.replace(self.settings_file)

    def start(self) -> None:
        self.start_serve()
        config = self.folder / "nginx.conf"
        config.write_text(self.cli(
            "nginx-config", "--settings", self.settings_file, "--socket", self.socket, "--www", self.www,
            "--prefix", self.nginx_folder, *(["--workers", self.workers] if self.keeps_connections else [])).stdout)
        self.nginx = process.start(
            ["nginx", "-c", str(config), "-e", str(self.nginx_folder / "start.log"), "-g", "daemon off;"],
            self.logs / "nginx.log")
        process.eventually(self.is_answering, f"nginx and the program answer; see {self.folder}")

    def start_serve(self) -> None:
        output = (self.logs / "serve.out").open("ab")
        with output:
            self.serve = process.start(
                [str(BINARY), "serve", "--settings", str(self.settings_file), "--state-dir", str(self.state),
                 "--socket", str(self.socket), "--workers", str(self.workers)],
                self.logs / "serve.log", stdout=output, cwd=self.folder)
        process.eventually(self.is_ready, "serve writes ready")
        self.admin_key = self.secrets.keep((self.state / "admin-key.txt").read_text().strip())
        self.first_admin_key = self.first_admin_key or self.admin_key

    def is_ready(self) -> bool:
        assert self.serve and self.serve.poll() is None, f"serve ended:\n{self.log_text()}"
        return "ready" in (self.logs / "serve.out").read_text().splitlines()

    def is_answering(self) -> bool:
        assert self.nginx and self.nginx.poll() is None, f"nginx ended:\n{self.log_text()}"
        try:
            return self.http.get("/healthz").status_code < 500
        except httpx.TransportError:
            return False

    @property
    def http(self) -> httpx.Client:
        """This thread's client: one for several closes connections that another thread still reads."""
        client = getattr(self.client_of_thread, "client", None)
        if client is None:
            client = self.client_of_thread.client = httpx.Client(
                base_url=self.url, timeout=60, limits=httpx.Limits(max_keepalive_connections=0), verify=TRUST)
            self.clients.append(client)
        return client

    def stop(self) -> None:
        """Ends both; what leaked into a log or was left behind is an error."""
        for client in self.clients:
            client.close()
        try:
            for running in (self.nginx, self.serve):
                if running is not None:
                    process.stop(running)
        finally:
            self.nginx = self.serve = None

    def check_and_remove(self) -> None:
        try:
            self.secrets.check(self)
        finally:
            shutil.rmtree(self.folder)

    def log_text(self) -> str:
        """The ends of all logs, for a failed test's report."""
        files = sorted([*self.logs.iterdir(), *self.nginx_folder.glob("**/*.log")])
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-2500:]}" for file in files)

    # Processes

    def worker_pids(self) -> list[int]:
        return process.children(self.serve.pid) if self.serve else []

    def hup(self) -> None:
        """Asks for new workers and waits until every old one was replaced."""
        before = set(self.worker_pids())
        self.signal(signal.SIGHUP)
        process.eventually(
            lambda: len(now := self.worker_pids()) == self.workers and not before & set(now),
            "all workers are replaced", patience=60)

    def signal(self, number: int) -> None:
        assert self.serve
        self.serve.send_signal(number)

    def cli(self, *arguments, is_checked: bool = True) -> subprocess.CompletedProcess:
        """Runs a command of the program."""
        command = [str(BINARY), *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert not is_checked or result.returncode == 0, f"{arguments[:2]}: {result.stderr}"
        return result

    # Requests

    def request(self, method: str, path: str, key: str | None = None, **options) -> httpx.Response:
        headers = {**options.pop("headers", {})}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return self.http.request(method, path, headers=headers, **options)

    def post(self, path: str, key: str | None = None, **members) -> httpx.Response:
        return self.request("POST", path, key, json=members)

    def get(self, path: str, key: str | None = None, **parameters) -> httpx.Response:
        return self.request("GET", path, key, params=parameters)

    def chat(self, key: str, prompt: str, **members) -> httpx.Response:
        self.secrets.keep_prompt(prompt)
        return self.post("/api/chat", key, prompt=prompt, **members)

    def talk(self, key: str, prompt: str, **members) -> dict:
        """A chat that must succeed."""
        answer = self.chat(key, prompt, **members)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()

    def recall(self, key: str, conversation_id: str | None = None) -> dict:
        parameters = {"conversation_id": conversation_id} if conversation_id else {}
        answer = self.get("/api/recall", key, **parameters)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()

    def add_user(self, user_id: str | None = None, creator: str | None = None, **members) -> str:
        """A new user's key; `creator` is the key of its client, else the admin's."""
        user_id = user_id or new_id()
        answer = self.post(
            "/api/client/add-user", creator or self.admin_key, user_id=user_id,
            **{"username": f"User {user_id}", **members})
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return self.secrets.keep(answer.json()["api_key"])

    def add_client(self, user_id: str | None = None, **members) -> str:
        return self.add_user(user_id, is_client=True, **members)


def new_id() -> str:
    return f"u-{uuid.uuid4().hex[:12]}"
