"""Who may read what the server writes: the server alone; its socket: nginx's group."""

import grp
import os
import socket
import stat

import pytest

from harness.gateway import new_id
from harness.process import children

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to look as somebody else")

@pytest.fixture
def used(launch):
    """A gateway that has written every kind of file; started under the most careless umask."""
    before = os.umask(0)
    try:
        gateway = launch("a", "b", workers=2)
    finally:
        os.umask(before)
    key, removed = gateway.add_user(), new_id()
    gateway.add_user(removed)
    conversation = gateway.talk(key, "Hello")["conversation_id"]
    gateway.talk(key, "More", conversation_id=conversation)
    gateway.request(
        "POST", "/v1/chat/completions", key, headers={"Idempotency-Key": "k"},
        json={"messages": [{"role": "user", "content": "Hi"}]})
    gateway.post("/api/recall", gateway.admin_key, user_id=removed)
    gateway.post("/api/client/remove-user", gateway.admin_key, user_id=removed)
    gateway.post("/api/admin/accounts", gateway.admin_key, id="b", action="disable")
    gateway.post("/api/access-token", key, email="a@b.example", password="")
    return gateway


def everything_below(folder):
    return [folder, *sorted(folder.rglob("*"))]


def test_only_the_server_may_enter_the_state(used):
    names = {path.name for path in used.state.iterdir()}
    assert {"users", "keys", "conversations", "accounts", "answers", "locks", "audit.jsonl", "admin-key.txt"} <= names

    wrong = {
        str(path): oct(path.lstat().st_mode) for path in everything_below(used.state)
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) != (0o700 if path.is_dir() else 0o600)}

    assert wrong == {}


def test_there_are_no_links_in_the_state(used):
    """One could lead elsewhere what follows it, such as a backup."""
    assert [path for path in everything_below(used.state) if path.is_symlink()] == []


def test_the_socket_is_for_nginx_alone(used):
    found = used.socket.stat()

    assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o660
    assert found.st_uid == os.geteuid() and found.st_gid == grp.getgrnam("www-data").gr_gid


def test_another_user_of_the_machine_can_open_nothing(used):
    files = [path for path in everything_below(used.state) if not path.is_symlink()]
    paths = [str(path) for path in [*files, used.socket]]

    nobody = look(paths, user=65534, group=65534)
    nginx = look(paths, user=33, group=33)

    assert [line for line in nobody if not line.startswith("closed ")] == []
    assert [line for line in nginx if not line.startswith("closed ")] == [f"open {used.socket}"]


def look(paths: list[str], user: int, group: int) -> list[str]:
    """What another user finds open: a line for each path, from a child that became that user."""
    end, result = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
            os.write(result, "\n".join(f"{verdict(path)} {path}" for path in paths).encode())
        finally:
            os._exit(0)
    os.close(result)
    with open(end) as lines:
        found = lines.read().splitlines()
    os.waitpid(child, 0)
    assert len(found) == len(paths)
    return found


def verdict(path: str) -> str:
    try:
        if path.endswith(".socket"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(path)
        elif os.path.isdir(path):
            os.listdir(path)
        else:
            open(path, "rb").close()
    except PermissionError:
        return "closed"
    return "open"


def test_no_process_shows_a_secret_in_its_arguments_or_environment(used):
    processes = [used.serve.pid, *used.worker_pids(), *children(used.nginx.pid)]

    for pid in processes:
        shown = b"".join(open(f"/proc/{pid}/{name}", "rb").read() for name in ("cmdline", "environ"))
        for secret in used.secrets.keys | used.secrets.credentials:
            assert secret.encode() not in shown


def test_files_of_workers_are_not_inherited_by_what_they_start(used):
    """Each descriptor of a lock or record that outlived an exec would keep its lock."""
    for pid in used.worker_pids():
        for descriptor in os.listdir(f"/proc/{pid}/fdinfo"):
            target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
            if target.startswith(str(used.state)):
                [flags] = [line for line in open(f"/proc/{pid}/fdinfo/{descriptor}") if line.startswith("flags:")]
                assert int(flags.split()[1], 8) & os.O_CLOEXEC, target
