"""One simulator for all tests, reset before each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))

from client import Client  # noqa: E402


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", "0", "--fixture", "accounts.example.json"],
        cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    assert process.stdin and process.stdout
    word, number = process.stdout.readline().split()
    assert word == "ready"
    yield int(number)
    process.stdin.close()
    assert process.wait(timeout=5) == 0


@pytest.fixture
def nobody(port: int) -> Client:
    """A client that has no credential yet."""
    client = Client(port)
    client.sim("reset")
    return client


@pytest.fixture
def client(nobody: Client) -> Client:
    """A client with an access token of a free account."""
    nobody.issue("free1@example.org")
    return nobody
