"""What answers must look like, whatever they say."""

import re

import httpx

REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
CODE = re.compile(r"[a-z][a-z0-9_]*")


def assert_error(answer: httpx.Response, status: int, code: str | None = None) -> dict:
    """The answer is our JSON error of that status, and tells nothing of the inside; returns it."""
    assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text}"
    error = answer.json()
    assert error["status"] == "error"
    assert CODE.fullmatch(error["code"]), error
    assert error["message"].strip(), error
    assert REQUEST_ID.fullmatch(error["request_id"]), error
    assert answer.headers["x-request-id"] == error["request_id"]
    assert code is None or error["code"] == code, error
    for secret in ("sk-upstream", "secret-upstream-detail", "127.0.0.1:", "Swift", "Traceback"):
        assert secret not in answer.text, answer.text
    return error


def reply_of(answer: dict) -> str:
    return answer["message"]["content"]["parts"][0]
