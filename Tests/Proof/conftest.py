"""Fixtures: the scripted upstream, gateways of one's own, and the figures that each part prints."""

from collections.abc import Callable, Iterator

import pytest

from harness import process
from harness.gateway import BINARY, Gateway
from harness.upstream import Upstream
from support.figures import Figures

#: Of each kind.
SECRETS_LOOKED_FOR = 10
printed: list[Figures] = []
started: list[Gateway] = []


@pytest.fixture(scope="session")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    assert BINARY.exists(), f"{BINARY} is not there: run `make build` first"
    process.raise_file_limit()
    running = Upstream(tmp_path_factory.mktemp("stub") / "stub.log")
    yield running
    running.stop()


@pytest.fixture
def upstream(stub: Upstream) -> Upstream:
    stub.reset()
    return stub


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """Counts under the test's name without `test_`."""
    counted = Figures(request.node.name.removeprefix("test_"))
    printed.append(counted)
    print()
    yield counted
    counted.finish()
    print(f"  {counted}", flush=True)


@pytest.fixture
def prepare(upstream: Upstream) -> Iterator[Callable[..., Gateway]]:
    """Makes gateways that are not started yet: `prepare("a", workers=4, durability="flush")`."""
    made: list[Gateway] = []

    def prepare(*accounts: str | dict, workers: int = 2, kind: type[Gateway] = Gateway, **api_server) -> Gateway:
        instances = [upstream.instance(item) if isinstance(item, str) else item for item in accounts]
        gateway = kind(upstream, {"openai": {"instances": instances}, "api_server": api_server}, workers)
        made.append(gateway)
        started.append(gateway)
        return gateway

    yield prepare
    for gateway in made:
        started.remove(gateway)
        gateway.stop()
        look_for_few(gateway)
        upstream.reset()
        gateway.check_and_remove()


def look_for_few(gateway: Gateway) -> None:
    """Long runs have thousands of secrets and of files; a few show whether they are written anywhere."""
    secrets = gateway.secrets
    secrets.keys = {gateway.admin_key, gateway.first_admin_key, *list(secrets.keys)[:SECRETS_LOOKED_FOR]}
    secrets.prompts = set(list(secrets.prompts)[:SECRETS_LOOKED_FOR])


@pytest.fixture
def launch(prepare: Callable[..., Gateway]) -> Callable[..., Gateway]:
    """The same, started."""

    def launch(*accounts: str | dict, **options) -> Gateway:
        gateway = prepare(*accounts, **options)
        gateway.start()
        return gateway

    return launch


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Adds the ends of the gateways' logs to the report of a failed test."""
    report = yield
    if report.failed:
        for gateway in started:
            report.sections.append((f"logs of {gateway.folder}", gateway.log_text()))
    return report


def pytest_terminal_summary(terminalreporter) -> None:
    terminalreporter.section("proof")
    for figures in printed:
        terminalreporter.write_line(str(figures))
