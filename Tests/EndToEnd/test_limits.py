"""What is just within the limits is answered; the table of bad requests has what is just beyond them."""

import json

import pytest

from harness import raw
from harness.gateway import new_id

LIMIT = 1024 * 1024
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def send(gateway, body: bytes, content_type: str = JSON, path: str = "/api/chat", fields=()) -> raw.RawAnswer:
    fields = [("Authorization", f"Bearer {gateway.add_user()}"), ("Content-Type", content_type), *fields]
    return raw.send(gateway.port, raw.request_bytes("POST", path, fields, body))


def test_a_body_of_exactly_the_limit(gateway):
    frame = b'{"prompt":"","reply_only":true}'

    answer = send(gateway, frame.replace(b'""', b'"' + b"a" * (LIMIT - len(frame)) + b'"'))

    assert answer.status == 200 and len(answer.body) > LIMIT - 100


@pytest.mark.parametrize("value", [
    "[" * 31 + "]" * 31, '{"a":' * 31 + "0" + "}" * 31, json.dumps([0] * 9_996),
    json.dumps({str(n): 0 for n in range(9_996)}), "[1e308,-0,1E+2,0.0]", '"\\ud83d\\ude42\\u0000\\u2028"',
], ids=["lists 32 deep", "objects 32 deep", "10,000 values", "10,000 names", "numbers", "escapes"])
def test_json_within_the_limits(gateway, value):
    answer = send(gateway, f'{{"prompt":"Hi","reply_only":true,"x":{value}}}'.encode())

    assert (answer.status, answer.text) == (200, "You said: Hi (messages: 1)")


def test_a_form_of_1000_fields(gateway):
    answer = send(gateway, b"prompt=Hi&reply_only=true" + b"&a=1" * 998, FORM)

    assert (answer.status, answer.text) == (200, "You said: Hi (messages: 1)")


def test_a_multipart_form_of_1000_parts(gateway):
    part = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = part % (b"prompt", b"Hi") + part % (b"reply_only", b"true") + part % (b"a", b"1") * 998 + b"--b--\r\n"

    answer = send(gateway, body, "multipart/form-data; boundary=b")

    assert (answer.status, answer.text) == (200, "You said: Hi (messages: 1)")


def test_150_header_fields_and_one_of_20_kilobytes(gateway):
    fields = [*((f"X-{number}", "v") for number in range(150)), ("X-Long", "a" * 20_000)]

    assert send(gateway, b'{"prompt":"Hi"}', fields=fields).status == 200


def test_a_query_of_30_kilobytes(gateway):
    answer = gateway.get("/api/chat", gateway.add_user(), prompt="a" * 30_000, reply_only="true")

    assert answer.status_code == 200 and "a" * 30_000 in answer.text


def test_a_body_in_pieces_is_read_like_another(gateway):
    pieces = [b'{"prompt":', b'"Hi","reply_only":true}', b""]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)

    answer = send(gateway, body, fields=[("Transfer-Encoding", "chunked")])

    assert (answer.status, answer.text) == (200, "You said: Hi (messages: 1)")


def test_the_longest_id_and_username(gateway):
    user_id = (new_id() + "_.:@-" + "A9" * 64)[:128]

    key = gateway.add_user(user_id, username="é" * 128)

    assert gateway.get("/api/whoami", key).json()["user_id"] == user_id
    assert gateway.talk(key, "Hi")["api_user"] == "é" * 128


@pytest.mark.parametrize("limit", [1, 1000, "1", "1e2", 1000.0, "+7"])
def test_numbers_that_are_whole(gateway, limit):
    body = f'{{"limit":{limit if not isinstance(limit, str) or "e" in limit else json.dumps(limit)}}}'

    assert send(gateway, body.encode(), path="/api/recall").status == 200
