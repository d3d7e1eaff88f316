"""Pages of other origins: what they may read, and what not."""

import subprocess

import pytest
from harness.gateway import Gateway

from conftest import run, settings_of

APP = "https://app.example.org"
OTHER = "https://evil.example"
QUESTION = {"Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type, x-stainless-os, x-stainless-retry-count"}
CORS = ("access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers",
        "access-control-expose-headers", "access-control-max-age", "access-control-allow-credentials")


def none_of_cors(answer) -> bool:
    return not set(CORS) & set(answer.headers)


@pytest.fixture(scope="module")
def running(stub):
    origins = [APP, "http://localhost:3000", "chrome-extension://abcdefgh"]
    yield from run(Gateway(stub, settings_of(stub, "a", cors_origins=origins), workers=1))


@pytest.fixture
def open_gateway(running, upstream):
    return running


def test_without_the_setting_nothing_is_allowed(gateway):
    answer = gateway.request("OPTIONS", "/v1/chat/completions", headers={"Origin": APP, **QUESTION})
    assert answer.status_code == 405 and none_of_cors(answer) and "vary" not in answer.headers
    answer = gateway.request("GET", "/v1/models", gateway.add_user(), headers={"Origin": APP})
    assert answer.status_code == 200 and none_of_cors(answer)


@pytest.mark.parametrize("origin", [APP, "http://localhost:3000", "chrome-extension://abcdefgh"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/v1/models/an/id", "/v1/responses", "/v1",
                                  "/api/chat", "/api/nothing", "/healthz"])
def test_the_question_before_a_request(open_gateway, path, origin):
    answer = open_gateway.request("OPTIONS", path, headers={"Origin": origin, **QUESTION})
    assert answer.status_code == 204 and answer.content == b""
    assert answer.headers["access-control-allow-origin"] == origin
    assert "access-control-allow-credentials" not in answer.headers
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert set(QUESTION["Access-Control-Request-Headers"].split(", ")) <= set(allowed)
    assert "GET" in answer.headers["access-control-allow-methods"] or "POST" in answer.headers[
        "access-control-allow-methods"]
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("asked", ["x\r y", "a b", "x(y)", '"', "a" * 5000, ",,", "é"])
def test_names_that_are_none_are_not_repeated(open_gateway, asked):
    answer = open_gateway.request("OPTIONS", "/v1/models", headers={
        "Origin": APP, "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": asked.replace("\r", "").encode()})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-headers"].startswith("Authorization, Content-Type")


@pytest.mark.parametrize("origin", [OTHER, f"{APP}.evil.example", f"{APP}:8443", "http://app.example.org", "null",
                                    f"{APP}/", "", f"{APP} {OTHER}", "*"])
def test_other_origins_get_nothing(open_gateway, origin):
    key = open_gateway.add_user()
    answer = open_gateway.request("OPTIONS", "/v1/models", headers={"Origin": origin, **QUESTION})
    assert answer.status_code == 405 and none_of_cors(answer)
    answer = open_gateway.request("GET", "/v1/models", key, headers={"Origin": origin})
    assert answer.status_code == 200 and none_of_cors(answer) and "Origin" in answer.headers["vary"]
    too_large = open_gateway.request("POST", "/api/chat", key, content=b"a" * 2_000_000, headers={"Origin": origin})
    assert too_large.status_code == 413 and none_of_cors(too_large)


def test_answers_errors_and_streams_may_be_read(open_gateway):
    key = open_gateway.add_user()
    hi = [{"role": "user", "content": "Hi"}]
    from_app = {"headers": {"Origin": APP}}
    answers = {
        "an answer": (200, open_gateway.request("GET", "/v1/models", key, **from_app)),
        "no key": (401, open_gateway.request("GET", "/v1/models", **from_app)),
        "nothing there": (404, open_gateway.request("GET", "/v1/responses", key, **from_app)),
        "another method": (405, open_gateway.request("DELETE", "/v1/models", key, **from_app)),
        "a stream": (200, open_gateway.request(
            "POST", "/v1/chat/completions", key, json={"messages": hi, "stream": True}, **from_app)),
        "a stream's error": (404, open_gateway.request(
            "POST", "/v1/chat/completions", key, json={"messages": hi, "stream": True, "model": "none"}, **from_app)),
        "a bad length": (400, open_gateway.request(
            "GET", "/api/recall%0a", key, **from_app)),
        "nginx's 413": (413, open_gateway.request("POST", "/api/chat", key, content=b"a" * 2_000_000, **from_app)),
        "nginx's 431": (431, open_gateway.request(
            "GET", "/v1/models", headers={"Origin": APP, "X-A": "a" * 28_000, "X-B": "a" * 28_000, "X-C": "a" * 9000})),
    }
    for name, (status, answer) in answers.items():
        assert answer.status_code == status, f"{name}: {answer.text}"
        assert answer.headers.get_list("access-control-allow-origin") == [APP], name
        exposed = answer.headers["access-control-expose-headers"].lower()
        assert "x-request-id" in exposed and "retry-after" in exposed, name
        assert "Origin" in answer.headers["vary"] and "access-control-allow-credentials" not in answer.headers, name


def test_pages_are_for_their_own_origin(open_gateway):
    for path in ("/chat", "/admin", "/assets/style.css"):
        answer = open_gateway.request("GET", path, headers={"Origin": APP})
        assert answer.status_code == 200 and none_of_cors(answer)
    answer = open_gateway.request("OPTIONS", "/chat", headers={"Origin": APP, **QUESTION})
    assert answer.status_code == 405 and none_of_cors(answer)


def test_nginx_without_a_gateway_may_be_read(launch):
    gateway = launch("a", cors_origins=[APP])
    gateway.serve.terminate()
    gateway.serve.wait(30)
    for path in ("/v1/models", "/api/recall"):
        answer = gateway.request("GET", path, headers={"Origin": APP})
        assert answer.status_code == 502 and answer.headers["access-control-allow-origin"] == APP
        assert none_of_cors(gateway.request("GET", path, headers={"Origin": OTHER}))


def test_all_origins(launch):
    gateway = launch("a", cors_origins=["*"])
    for origin in (OTHER, "null"):
        answer = gateway.request("OPTIONS", "/v1/models", headers={"Origin": origin, **QUESTION})
        assert answer.status_code == 204 and answer.headers["access-control-allow-origin"] == "*"
        assert gateway.request("GET", "/v1/models", headers={"Origin": origin}).headers[
            "access-control-allow-origin"] == "*"
    warnings = gateway.cli("check-settings", "--settings", gateway.settings_file).stdout
    assert "warning: api_server.cors_origins" in warnings


def test_the_snippet_for_another_nginx_knows_the_origins(launch, tmp_path):
    gateway = launch("a", cors_origins=[APP])
    snippet = gateway.cli("nginx-config", "--settings", gateway.settings_file, "--socket", gateway.socket, "--www",
                          gateway.www, "--prefix", tmp_path, "--snippet").stdout
    config = tmp_path / "nginx.conf"
    config.write_text(f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
                      f"http {{ server {{ listen 127.0.0.1:1;\n{snippet}\n}} }}\n")
    result = subprocess.run(["nginx", "-t", "-c", str(config), "-e", str(tmp_path / "log")],
                            capture_output=True, text=True, timeout=30)
    assert result.returncode == 0 and "warn" not in result.stderr, result.stderr
    assert APP in snippet
