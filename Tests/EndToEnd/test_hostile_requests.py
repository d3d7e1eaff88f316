"""Each row of the table of bad requests gets exactly its answer, reaches no upstream and harms no worker."""

import json

import pytest

from harness import raw
from harness.answers import CODE, REQUEST_ID
from hostile import TABLE
from hostile.bad import Bad
from hostile.cast import make_cast

#: What no answer to a bad request holds: of the inside, of other people, of what was sent.
INSIDE = ("sk-upstream", "sk-cas-", ".swift", "Swift", "/tmp/", "Traceback", "Private words", "nginx/", "Fatal error")


@pytest.fixture(scope="module")
def cast(shared, stub):
    stub.reset()
    before = sorted(shared.worker_pids())
    yield make_cast(shared)
    assert sorted(shared.worker_pids()) == before, "a worker ended"


def test_the_table_is_large_and_says_nothing_twice():
    assert len(TABLE) >= 900
    names = [f"{topic}: {row.name}" for topic, row in TABLE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{topic}: {row.name}") for topic, row in TABLE])
def test_a_bad_request_gets_its_answer(gateway, upstream, cast, row: Bad):
    answer = raw.send(gateway.port, row.request(cast))

    if answer.status == 0 and row.code is None:
        return
    assert answer.status == row.status, f"{answer.status} instead of {row.status}: {answer.text}"
    check_fields(answer, row)
    check_body(answer, row)
    for text in (*INSIDE, *row.absent):
        assert text not in answer.text and text not in str(answer.fields), answer
    assert upstream.requests() == []


def check_fields(answer: raw.RawAnswer, row: Bad) -> None:
    assert REQUEST_ID.fullmatch(answer.one("X-Request-Id") or ""), answer.fields
    assert answer.one("Cache-Control") == "no-store"
    assert answer.one("X-Content-Type-Options") == "nosniff"
    assert (answer.one("Content-Security-Policy") or "").startswith("default-src 'none';")
    assert answer.one("Server") == "nginx"
    for name in ("Set-Cookie", "X-Accel-Redirect", "X-Evil", "Access-Control-Allow-Origin"):
        assert answer.one(name) is None
    assert answer.one("Allow") == row.allow
    assert (answer.one("WWW-Authenticate") is not None) == (row.status == 401)


def check_body(answer: raw.RawAnswer, row: Bad) -> None:
    media_type = (answer.one("Content-Type") or "").partition(";")[0]
    match row.expected_shape:
        case "none":
            assert answer.body == b""
        case "json":
            assert media_type == "application/json"
            check_error(json.loads(answer.body), answer, row)
        case "openai":
            assert media_type == "application/json"
            check_openai_error(json.loads(answer.body), row)
        case "text":
            assert media_type == "text/plain" and answer.text.strip().endswith(".")
        case "page":
            assert media_type == "text/html" and answer.text.startswith("<!")
            assert "<script>" not in answer.text


def check_error(error: dict, answer: raw.RawAnswer, row: Bad) -> None:
    assert error.pop("status") == "error"
    assert error.pop("request_id") == answer.one("X-Request-Id")
    code = error.pop("code")
    # The Flask server's words, which clients know, are no sentence.
    assert error.pop("message").endswith("User already exists" if code == "user_exists" else ".")
    assert CODE.fullmatch(code) and code == row.code, f"{code} instead of {row.code}: {answer.text}"
    assert error.pop("parameter", None) == row.parameter, answer.text
    if code == "user_exists":
        assert error.pop("api_key") is None
    assert error == {}, f"more than is written down: {error}"


def check_openai_error(answer: dict, row: Bad) -> None:
    assert list(answer) == ["error"]
    error = answer["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == row.code, f"{error} instead of {row.code}"
    assert error["param"] == row.parameter
    assert error["message"].strip().endswith(".")
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    assert error["type"] == kinds.get(row.status, "invalid_request_error" if row.status < 500 else "server_error")
