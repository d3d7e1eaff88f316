"""Each row of the table of bad input: a status, a code, and a worker that goes on."""

import asyncio
import json

import pytest

from harness.answers import assert_error
from harness.load import exchange

LIMIT = 1024 * 1024


@pytest.fixture(autouse=True)
def workers_survive(gateway):
    before = sorted(gateway.worker_pids())
    yield
    assert sorted(gateway.worker_pids()) == before


def post(gateway, body: bytes, content_type: str = "application/json", path: str = "/api/chat"):
    return gateway.request("POST", path, gateway.add_user(), content=body, headers={"Content-Type": content_type})


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_a_body_over_the_limit_is_too_large(gateway):
    assert_error(post(gateway, b'{"prompt":"' + b"a" * LIMIT + b'"}'), 413, "body_too_large")


def test_a_body_under_the_limit_is_answered(gateway):
    answer = post(gateway, b'{"prompt":"' + b"a" * (LIMIT - 100) + b'","reply_only":true}')

    assert answer.status_code == 200 and len(answer.text) > LIMIT - 100


@pytest.mark.parametrize("depth", [40, 1000, 100_000])
def test_json_nested_too_deeply_is_refused(gateway, depth):
    assert_error(post(gateway, f'{{"prompt":"Hi","x":{nested(depth)}}}'.encode()), 400)


def test_json_with_too_many_values_is_refused(gateway):
    assert_error(post(gateway, json.dumps({"prompt": "Hi", "x": [0] * 10_001}).encode()), 400)


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt":"Hi","prompt":"Ho"}',
        b'{"prompt":"Hi","pr\\u006fmpt":"Ho"}',
        '{"prompt":"Hi"}'.encode("utf-16"),
        '{"prompt":"Hi"}'.encode("utf-16-le"),
        b'\xef\xbb\xbf{"prompt":"Hi"}',
        b'{"prompt":"\xff\xfe"}',
        b'{"prompt":"\\ud800"}',
        b'{"prompt":"Hi"',
        b'{"prompt":"Hi"} x',
        b'{"prompt":"Hi","a":01}',
        b'{"prompt":"Hi","a":NaN}',
        b'["prompt","Hi"]',
        b'"prompt"',
        b"\x00",
        b'{"prompt":"Hi","conversation_id":"a\\u0000b"}',
        b'{"prompt":"a\x01b"}',
    ],
    ids=repr)
def test_json_that_is_none_or_could_be_read_in_two_ways_is_refused(gateway, upstream, body):
    assert_error(post(gateway, body), 400)
    assert upstream.requests() == []


@pytest.mark.parametrize("number", ["1e300", "-1e300", "9223372036854775808", "1.5", "-1", "0", "1e-400", '"1e300"'])
def test_a_number_out_of_range_is_refused(gateway, number):
    answer = post(gateway, f'{{"limit":{number}}}'.encode(), path="/api/recall")

    assert answer.status_code in (400, 422), answer.text
    assert_error(answer, answer.status_code)


@pytest.mark.parametrize("body", [b"prompt=%zz", b"prompt=%f", b"prompt=%ff", b"a=1&" * 2000 + b"prompt=Hi"])
def test_a_broken_form_is_refused(gateway, body):
    assert_error(post(gateway, body, "application/x-www-form-urlencoded"), 400)


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nno end"),
        ("multipart/form-data; boundary=b", b"nothing of that boundary"),
    ])
def test_a_broken_multipart_form_is_refused(gateway, content_type, body):
    assert_error(post(gateway, body, content_type), 400)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/octet-stream"])
def test_another_kind_of_body_is_not_supported(gateway, content_type):
    assert_error(post(gateway, b"prompt=Hi", content_type), 415)


@pytest.mark.parametrize("path", ["/api/chat%0a", "/api/chat%0aX-Evil:%20yes", "/%0d%0aX-Evil:%20yes", "/api%7f/chat"])
def test_a_control_character_in_the_path_is_refused(gateway, path):
    answer = gateway.request("GET", path)

    assert "x-evil" not in answer.headers
    assert_error(answer, 400)


@pytest.mark.parametrize("parameter", ["conversation_id", "user_id"])
@pytest.mark.parametrize("value", ["a%00b", "a%0ab", "..%2f..%2fetc%2fpasswd", "%c3%a9", "a" * 200])
def test_an_id_that_is_none_is_refused(gateway, parameter, value):
    answer = gateway.request("GET", f"/api/recall?{parameter}={value}", gateway.add_user())

    assert answer.status_code in (400, 422), answer.text
    assert_error(answer, answer.status_code)


def test_a_nul_in_the_prompt_is_refused(gateway):
    assert_error(gateway.request("GET", "/api/chat?prompt=a%00b", gateway.add_user()), 400)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /api/chat HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /api/chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/chat HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=range(6))
def test_what_is_no_proper_http_is_refused(gateway, request_bytes):
    status, _ = asyncio.run(exchange(gateway.port, request_bytes))

    assert status == 0 or 400 <= status < 600


def test_a_header_with_strange_bytes_is_harmless(gateway):
    request = (
        b"GET /api/recall HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-A: \xff\xfe\r\nProxy: http://127.0.0.1:1\r\n"
        b"X-Request-Id: evil\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")

    status, answer = asyncio.run(exchange(gateway.port, request))

    assert status == 401 and b"evil" not in answer


def test_a_chunked_body_is_read_like_another(gateway):
    key = gateway.add_user()

    answer = gateway.request(
        "POST", "/api/chat", key, content=iter([b'{"prompt":', b'"Hi","reply_only":true}']),
        headers={"Content-Type": "application/json"})

    assert answer.text == "You said: Hi (messages: 1)"
