"""Checks that keys, passwords, tokens and prompts stand nowhere but where they must."""

from __future__ import annotations

import base64
import json
import typing
from pathlib import Path
from urllib.parse import quote

if typing.TYPE_CHECKING:
    from .gateway import Gateway

#: Shorter prompts are words that may stand anywhere.
LONG_ENOUGH = 12
#: Tests under load send more than can be searched for.
MOST_PROMPTS = 200


class SecretWatch:
    """Knows every secret that a run used, and where each may stand."""

    def __init__(self, upstream_keys: list[str]) -> None:
        self.credentials = set(upstream_keys)
        self.keys: set[str] = set()
        self.prompts: set[str] = set()

    def keep(self, key: str) -> str:
        """A key of ours: it stands in no file, and is sent to no upstream."""
        self.keys.add(key)
        return key

    def keep_credential(self, secret: str) -> str:
        """A password or a token of somebody: it stands in no file but the settings."""
        self.credentials.add(secret)
        return secret

    def keep_prompt(self, text: object) -> None:
        """Words of a user: they stand in the archive only."""
        if isinstance(text, str) and len(text) >= LONG_ENOUGH and len(self.prompts) < MOST_PROMPTS:
            self.prompts.add(text)

    def check(self, gateway: Gateway) -> None:
        """Looks for the secrets in logs, nginx's files, the state and what was sent upstream."""
        # The first start tells the admin key once, to whoever started it.
        output = (gateway.logs / "serve.out").read_bytes() + (gateway.logs / "serve.log").read_bytes()
        told = output.count(gateway.first_admin_key.encode())
        assert told <= 1, f"the admin key was printed {told} times"

        archive = [gateway.state / "conversations", gateway.state / "answers"]
        found = []
        for file in files_below(gateway.folder):
            if file == gateway.settings_file or file.is_relative_to(gateway.www):
                continue
            content = file.read_bytes()
            secrets = self.keys | self.credentials
            if not any(file.is_relative_to(folder) for folder in archive):
                secrets = secrets | self.prompts
            found += [f"{secret[:11]}… in {file}" for secret in secrets
                      if not self.is_in_its_place(secret, file, gateway) and stands_in(content, secret)]
        assert not found, f"secrets were left in files: {found}"

        sent = repr(gateway.upstream.requests()) + repr(gateway.upstream.requests("title"))
        leaked = [key[:11] for key in self.keys if key in sent]
        assert not leaked, f"our keys were sent upstream: {leaked}"

    @staticmethod
    def is_in_its_place(secret: str, file: Path, gateway: Gateway) -> bool:
        return (secret == gateway.admin_key and file.name == "admin-key.txt"
                or secret == gateway.first_admin_key and file.parent == gateway.logs)


def stands_in(content: bytes, secret: str) -> bool:
    """Whether `content` holds the secret as it is, escaped for a URL or for JSON, or in Base64."""
    plain = secret.encode()
    spellings = {plain, quote(secret, safe="").encode(), quote(secret).encode(), json.dumps(secret)[1:-1].encode()}
    # In Base64 three alignments are possible; the outer characters depend on the neighbours.
    spellings |= {base64.b64encode(b"x" * before + plain)[4 if before else 0:-4] for before in range(3)}
    return any(spelling in content for spelling in spellings if len(spelling) >= 8)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_socket()]
