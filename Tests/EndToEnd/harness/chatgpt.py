"""Fixtures for gateways whose accounts are of the ChatGPT web backend."""

import hashlib
import json
from collections.abc import Callable, Iterator

import pytest

from conftest import run

from .gateway import Gateway
from .simulator import Simulator


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    running = Simulator(tmp_path_factory.mktemp("simulator"))
    yield running
    running.stop()


@pytest.fixture
def simulator(simulated: Simulator) -> Simulator:
    simulated.reset()
    return simulated


@pytest.fixture
def launch(simulator: Simulator) -> Iterator[Callable[..., Gateway]]:
    """Starts gateways on the simulator: `launch("a", "b", workers=4, title_timeout=1)`."""
    running: list[Iterator[Gateway]] = []
    gateways: list[Gateway] = []

    def launch(*accounts: str | dict, workers: int = 2, openai: dict | None = None, **api_server) -> Gateway:
        settings = {"openai": simulator.settings(*accounts, **(openai or {})), "api_server": api_server}
        gateways.append(Gateway(simulator, settings, workers))
        running.append(run(gateways[-1]))
        return next(running[-1])

    yield launch
    for gateway in gateways:
        assert_no_secret_lies_about(gateway, simulator)
    for each in running:
        next(each, None)


def assert_no_secret_lies_about(gateway: Gateway, simulator: Simulator) -> None:
    """Passwords stand in the settings alone, tokens there and in the token cache."""
    for file in gateway.folder.rglob("*"):
        if not file.is_file() or file == gateway.settings_file or file.is_relative_to(gateway.www):
            continue
        content = file.read_bytes()
        is_cache = file.name.endswith(".token.json")
        for secret in simulator.secrets:
            assert is_cache and "Secret-of" not in secret or secret.encode() not in content, f"a secret in {file}"
        # Every token of the simulator is a JWT, which begins so.
        assert is_cache or b"eyJ" not in content, f"a token in {file}"


def health(gateway: Gateway, name: str) -> dict:
    """The shared state of an account; empty where nothing was ever wrong."""
    file = gateway.state / "accounts" / f"{hashlib.sha256(name.encode()).hexdigest()}.health.json"
    return json.loads(file.read_text()) if file.exists() else {}
