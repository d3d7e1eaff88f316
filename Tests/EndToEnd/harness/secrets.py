"""Checks that no key stands anywhere that it should not."""

from __future__ import annotations

import typing
from pathlib import Path

if typing.TYPE_CHECKING:
    from .gateway import Gateway


class SecretWatch:
    """Knows every key that a run used."""

    def __init__(self, upstream_keys: list[str]) -> None:
        self.upstream_keys = set(upstream_keys)
        self.keys: set[str] = set()

    def keep(self, key: str) -> str:
        self.keys.add(key)
        return key

    def check(self, gateway: Gateway) -> None:
        """Looks for the keys in logs, nginx's files, the state and what was sent upstream."""
        # The first start tells the admin key once, to whoever started it.
        output = (gateway.logs / "serve.out").read_bytes() + (gateway.logs / "serve.log").read_bytes()
        told = output.count(gateway.first_admin_key.encode())
        assert told <= 1, f"the admin key was printed {told} times"

        found = []
        for file in files_below(gateway.folder):
            if file == gateway.settings_file or file.is_relative_to(gateway.www):
                continue
            content = file.read_bytes()
            for key in self.keys | self.upstream_keys:
                is_in_its_place = (
                    key == gateway.admin_key and file.name == "admin-key.txt"
                    or key == gateway.first_admin_key and file.parent == gateway.logs)
                if not is_in_its_place and key.encode() in content:
                    found.append(f"{key[:11]}… in {file}")
        assert not found, f"keys were left in files: {found}"

        sent = repr(gateway.upstream.requests()) + repr(gateway.upstream.requests("title"))
        leaked = [key[:11] for key in self.keys if key in sent]
        assert not leaked, f"our keys were sent upstream: {leaked}"


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_socket()]
