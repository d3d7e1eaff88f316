"""Line ends and control characters from callers and upstreams never become header fields or events."""

import json

import pytest

from harness import raw

INJECTIONS = ["a\r\nX-Evil: yes", "a\nX-Evil: yes", "a\rX-Evil: yes", "a\r\n\r\n<script>", "a\u2028X-Evil: yes",
              "a\u0085X-Evil: yes", "a\x0bX-Evil: yes"]
FIELDS = {"server", "date", "content-type", "content-length", "transfer-encoding", "connection", "x-request-id",
          "content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "allow",
          "permissions-policy", "cross-origin-opener-policy", "cross-origin-resource-policy", "cache-control",
          "content-disposition", "retry-after", "www-authenticate", "x-should-retry", "idempotency-replayed",
          "x-accel-buffering"}


def send(gateway, method, path, key, body=None, fields=()) -> raw.RawAnswer:
    fields = [("Authorization", f"Bearer {key}"), *fields]
    content = None if body is None else json.dumps(body).encode()
    if content is not None:
        fields.append(("Content-Type", "application/json"))
    answer = raw.send(gateway.port, raw.request_bytes(method, path, fields, content))
    names = {name.lower() for name, _ in answer.fields}
    assert names <= FIELDS, names - FIELDS
    for name, value in answer.fields:
        assert value.isprintable() and "evil" not in (name + value).lower(), (name, value)
    return answer


@pytest.mark.parametrize("text", INJECTIONS, ids=repr)
def test_words_of_a_caller_stay_in_the_body(gateway, text):
    key = gateway.add_user()
    first = send(gateway, "POST", "/api/chat", key, {"prompt": text, "system": text})
    identity = json.loads(first.body)["conversation_id"]

    renamed = send(gateway, "POST", "/api/rename-conversation", key, {"conversation_id": identity, "title": text})
    markdown = send(gateway, "GET", f"/api/recall?conversation_id={identity}&format=markdown", key)
    exported = send(gateway, "GET", f"/api/recall?conversation_id={identity}&format=json", key)
    events = send(gateway, "POST", "/api/chat", key, {"prompt": text, "stream": True})
    chunks = send(gateway, "POST", "/v1/chat/completions", key,
                  {"messages": [{"role": "user", "content": text}], "stream": True})

    assert first.status == renamed.status == markdown.status == exported.status == 200
    assert "\n" not in json.loads(renamed.body)["title"] and "\r" not in json.loads(renamed.body)["title"]
    assert json.loads(exported.body)["turns"][0]["prompt"] == text
    for name in ("markdown", "json"):
        answer = markdown if name == "markdown" else exported
        ending = "md" if name == "markdown" else "json"
        assert answer.one("Content-Disposition") == f'attachment; filename="conversation-{identity}.{ending}"'
    for stream in (events, chunks):
        assert stream.status == 200
        assert all(line.split(b": ")[0] in (b"", b"data", b"event") for line in stream.body.split(b"\n")), stream.body


@pytest.mark.parametrize("text", INJECTIONS[:4], ids=repr)
def test_a_name_in_a_field_of_a_caller_does_not_come_back(gateway, text):
    value = text.encode("ascii", "replace").decode().replace("\r", "%0d").replace("\n", "%0a")

    answer = send(gateway, "POST", "/v1/chat/completions", gateway.add_user(),
                  {"messages": [{"role": "user", "content": "Hi"}]},
                  [("Idempotency-Key", value), ("X-Request-Id", value)])

    assert answer.status == 200


@pytest.mark.parametrize("text", INJECTIONS, ids=repr)
def test_words_of_an_upstream_stay_in_the_body(gateway, upstream, text):
    key = gateway.add_user()
    upstream.script({"text": text}, kind="title")

    first = send(gateway, "POST", "/api/chat", key, {"prompt": "Hello"})

    assert first.status == 200
    title = json.loads(first.body)["conversation_title"]
    assert not any(character in title for character in "\r\n\x0b")


def test_fields_of_an_upstream_are_not_passed_on(launch, upstream):
    gateway = launch("a", workers=1)
    key = gateway.add_user()
    fields = {
        "Set-Cookie": "evil=1", "X-Accel-Redirect": "/_pages/chat.html", "X-Evil": "yes", "X-Request-Id": "evil",
        "Access-Control-Allow-Origin": "*", "Content-Disposition": "attachment; filename=evil.exe",
        "Location": "http://evil.example/", "Retry-After": "evil", "Server": "evil", "X-Accel-Expires": "1000",
        "Refresh": "0; url=http://evil.example/", "Link": "<http://evil.example/>; rel=preload",
    }
    upstream.script({"status": 400, "headers": fields, "body": {"error": {"message": "no", "type": "x"}}})

    refused = send(gateway, "POST", "/api/chat", key, {"prompt": "Hello"})

    assert refused.status == 400 and "evil" not in refused.text
