"""Fixtures: a stub, a shared gateway for what leaves no traces, and gateways of one's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import process
from harness.gateway import BINARY, Gateway
from harness.upstream import Upstream


@pytest.fixture(scope="session")
def file_limit() -> int:
    """How many files a process may open."""
    return process.raise_file_limit()


@pytest.fixture(scope="session")
def stub(file_limit: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """The one stub of the session; use `upstream`, which is clean for each test."""
    running = Upstream(tmp_path_factory.mktemp("stub") / "stub.log")
    yield running
    running.stop()


@pytest.fixture
def upstream(stub: Upstream) -> Upstream:
    stub.reset()
    return stub


def settings_of(upstream: Upstream, *accounts: str | dict, **api_server) -> dict:
    """Settings with accounts of the stub, given by name or as entries."""
    instances = [upstream.instance(item) if isinstance(item, str) else item for item in accounts]
    return {"openai": {"instances": instances}, "api_server": api_server}


@pytest.fixture(scope="session")
def shared(stub: Upstream) -> Iterator[Gateway]:
    """One gateway for all tests that use `gateway`."""
    yield from run(Gateway(stub, settings_of(stub, "a", "b", "plus"), workers=2))


@pytest.fixture
def gateway(shared: Gateway, upstream: Upstream) -> Gateway:
    """The shared gateway: accounts a and b, a plus account, two workers.

    For tests that leave every account healthy; they make users of their own.
    """
    return shared


@pytest.fixture
def launch(upstream: Upstream) -> Iterator[Callable[..., Gateway]]:
    """Starts gateways of the test's own: `launch("a", "b", workers=4, title_timeout=1)`."""
    running: list[Iterator[Gateway]] = []

    def launch(*accounts: str | dict, workers: int = 2, **api_server) -> Gateway:
        running.append(run(Gateway(upstream, settings_of(upstream, *accounts, **api_server), workers)))
        return next(running[-1])

    yield launch
    for gateway in running:
        next(gateway, None)


def run(gateway: Gateway) -> Iterator[Gateway]:
    """The life of a gateway; leaving it checks for leaked keys."""
    assert BINARY.exists(), f"{BINARY} is not there: run `make build` first"
    started.append(gateway)
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()
        started.remove(gateway)
    gateway.check_and_remove()


started: list[Gateway] = []


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Says that all went well where the tests that were asked for are all of the other kind, alone or not."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.getoption("markexpr"):
        session.exitstatus = pytest.ExitCode.OK


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Adds the ends of the gateways' logs to the report of a failed test."""
    report = yield
    if report.failed:
        for gateway in started:
            report.sections.append((f"logs of {gateway.folder}", gateway.log_text()))
    return report
