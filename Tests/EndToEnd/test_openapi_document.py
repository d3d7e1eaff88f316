"""docs/openapi.yaml and the server say the same: generated requests, right and wrong ones, get documented answers only.

The examples are the same in each run, so a failure can be repeated.
"""

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from conftest import run
from harness.gateway import ROOT, Gateway, new_id

#: For each operation, role and kind of request; all together must stay far below a minute.
EXAMPLES = 12
#: What a good request may meet through no fault of the server: the accounts' side.
FROM_UPSTREAM = {502, 503, 504}
CHECKS = [
    not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_headers_conformance, checks.response_schema_conformance, checks.ignored_auth,
]

SCHEMA = schemathesis.openapi.from_path(ROOT / "docs" / "openapi.yaml")
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]
KINDS = [
    (operation, mode) for operation in OPERATIONS for mode in GenerationMode
    # Where nothing is sent, nothing can be wrong.
    if mode == GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters
]
#: How many requests were sent, by status.
answered: dict[int, int] = {}


@pytest.fixture(scope="module")
def documented(stub):
    """A gateway of its own, because the requests add and change users; nothing can sign in from here."""
    stub.reset()
    nowhere = "http://127.0.0.1:1"
    servers = {"base_url": nowhere, "web_base_url": nowhere, "auth_base_url": nowhere}
    server = {"openai": {"instances": [stub.instance("a"), stub.instance("plus")], **servers}}
    yield from run(Gateway(stub, server, workers=2))
    print(f"{sum(answered.values())} generated requests: {dict(sorted(answered.items()))}")


@pytest.fixture
def keys(documented) -> dict[str, str]:
    """A key for each role; fresh ones, because the requests rotate them."""
    admin = documented.cli(
        "users", "add", "--state-dir", documented.state, "--user-id", new_id(), "--username", "Admin",
        "--role", "admin")
    return {
        "admin": documented.secrets.keep(admin.stdout.strip()), "client": documented.add_client(plus=True),
        "user": documented.add_user(plus=True),
    }


@pytest.mark.parametrize("role", ["admin", "client", "user"])
@pytest.mark.parametrize("operation, mode", [
    pytest.param(operation, mode, id=f"{operation.label} {mode.value}") for operation, mode in KINDS])
def test_each_answer_is_documented(documented, keys, operation, role, mode):
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case):
        if mode == GenerationMode.POSITIVE:
            leave_out_keys(case)
        # How a body is framed is nginx's affair; it answers 501 before anything of this server sees the request.
        (case.headers or {}).pop("Transfer-Encoding", None)
        response = case.call(base_url=documented.url, headers={"Authorization": f"Bearer {keys[role]}"})
        answered[response.status_code] = answered.get(response.status_code, 0) + 1
        excluded = [not_a_server_error] if response.status_code in FROM_UPSTREAM else []
        case.validate_response(response, checks=[check for check in CHECKS if check not in excluded])
        if operation.label == "POST /api/client/rotate-key" and response.status_code == 200:
            keep_rotated(response.json())

    def keep_rotated(answer: dict) -> None:
        whoami = documented.get("/api/whoami", documented.secrets.keep(answer["api_key"])).json()
        if whoami["role"] == role:
            keys[role] = answer["api_key"]

    each()


def leave_out_keys(case: schemathesis.Case) -> None:
    """The key stands in Authorization; another one in a parameter would only ever be wrong."""
    if case.path.startswith("/v1/"):
        return  # There, user is no key.
    for parameters in (case.query, case.body):
        if isinstance(parameters, dict):
            for name in ("user", "client", "admin"):
                parameters.pop(name, None)


def test_the_document_names_every_code():
    """Those of the program, of upstreams' refusals and those that nginx says by itself, and no other."""
    ours = [
        code for file in ("Model/Errors/GatewayError.swift", "Model/Errors/CallerFault.swift")
        for code in re.findall(r'case \w+ = "(\w+)"', (ROOT / "Sources/Core" / file).read_text())]
    nginx = re.findall(
        r'Self\(\s*\d+,(?: as: \d+,)? "(\w+)"', (ROOT / "Sources/FCGIApp/Nginx/NginxErrorAnswer.swift").read_text())

    documented = SCHEMA.raw_schema["components"]["schemas"]["Error"]["properties"]["code"]["enum"]

    # Nobody reads the answer to a request that its client left.
    assert set(documented) == {*ours, *nginx} - {"client_closed_request"}
    assert len(ours) > 30 and len(nginx) > 10 and len(documented) == len(set(documented))
