#!/usr/bin/env python3
"""Writes the settings for `make run`: those of a file, with the port and the certificate of this run.

Prints what the calling script needs as shell assignments: url, host, port, chat (the path of the chat API)
and upstream (1 if an account is the embedded upstream).
"""

import argparse
import json
import os
import shlex
import sys
from pathlib import Path
from urllib.parse import urlsplit

ANY_ADDRESS = {"", "0.0.0.0", "::", "[::]", "*"}


def absolute(value, base: Path):
    """`value` with the paths of its `*_file` members made absolute, because the copy lies elsewhere."""
    if isinstance(value, list):
        return [absolute(item, base) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: str(base / item) if name.endswith("_file") and isinstance(item, str) else absolute(item, base)
        for name, item in value.items()
    }


def section(value, name: str) -> dict:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def uses_embedded(settings: dict, port: int) -> bool:
    instances = section(settings, "openai").get("instances")
    if isinstance(instances, dict):
        instances = list(instances.values())
    addresses = [item.get("base_url") for item in instances or [] if isinstance(item, dict)]
    for address in filter(lambda item: isinstance(item, str), addresses):
        parts = urlsplit(address)
        try:
            if parts.hostname in {"127.0.0.1", "localhost", "::1"} and parts.port == port:
                return True
        except ValueError:  # not a port; the program reports it better
            continue
    return False


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--settings", type=Path, required=True)
    options.add_argument("--output", type=Path, required=True)
    options.add_argument("--port", default="")
    options.add_argument("--certificate", default="")
    options.add_argument("--certificate-key", default="")
    options.add_argument("--upstream-port", type=int, required=True)
    arguments = options.parse_args()

    try:
        settings = json.loads(arguments.settings.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"run: {arguments.settings}: {error}")
    if not isinstance(settings, dict):
        sys.exit(f"run: {arguments.settings}: the settings must be a JSON object")
    settings = absolute(settings, arguments.settings.resolve().parent)
    server = settings.setdefault("api_server", {})
    if not isinstance(server, dict):
        sys.exit(f"run: {arguments.settings}: api_server must be an object")
    if arguments.port:
        if not arguments.port.isdecimal() or not 1 <= int(arguments.port) <= 65535:
            sys.exit(f"run: PORT must be a number from 1 to 65535, not {arguments.port!r}")
        server["port"] = int(arguments.port)
    if arguments.certificate:
        server["tls"] = {"certificate": arguments.certificate, "certificate_key": arguments.certificate_key}
    elif isinstance(server.get("tls"), dict):
        base = arguments.settings.resolve().parent
        server["tls"] = {
            name: str(base / item) if isinstance(item, str) else item for name, item in server["tls"].items()
        }

    # Accounts have secrets in them.
    descriptor = os.open(arguments.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        json.dump(settings, output, indent=4)

    port = str(server.get("port", 8080))
    host = str(server.get("host", "127.0.0.1"))
    reached = "127.0.0.1" if host in ANY_ADDRESS else host
    scheme = "https" if server.get("tls") else "http"
    base_path = "/" + str(server.get("base_path", "/")).strip("/")
    url = f"{scheme}://{f'[{reached}]' if ':' in reached else reached}:{port}{base_path.rstrip('/')}"
    chat = section(section(section(server, "endpoints"), "api"), "chatgpt").get("url") or "/api/chat"
    answers = {
        "url": url, "host": reached, "port": port, "chat": str(chat),
        "upstream": "1" if uses_embedded(settings, arguments.upstream_port) else "",
    }
    for name, value in answers.items():
        print(f"{name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()
