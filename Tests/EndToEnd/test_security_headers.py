"""Every kind of answer, whoever gives it, has the same security fields, each once."""

import pytest

from harness import raw
from harness.answers import REQUEST_ID
from harness.gateway import new_id

#: Nothing but our own files, no frames, no inline script or style.
FIELDS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "nginx",
    # Not over plain HTTP (RFC 6797, section 7.2).
    "Strict-Transport-Security": None,
    "Access-Control-Allow-Origin": None, "Set-Cookie": None, "X-Accel-Redirect": None, "X-Accel-Buffering": None,
    "X-Powered-By": None, "Content-Encoding": None,
}
KEY, ADMIN = "<user_key>", "<admin_key>"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"

#: name: (status, content type, cache control, method, path, key, type of the body, body)
ANSWERS = {
    "a reply": (200, JSON, "no-store", "POST", "/api/chat", KEY, JSON, b'{"prompt":"Hi"}'),
    "a reply as text": (200, "text/plain", "no-store", "POST", "/api/chat", KEY, FORM, b"prompt=Hi&reply_only=true"),
    "a reply as a page": (
        200, "text/html", "no-store", "POST", "/api/chat", KEY, FORM, b"prompt=Hi&reply_only=true&pretty=true"),
    "a stream": (200, "text/event-stream", "no-store", "POST", "/api/chat", KEY, FORM, b"prompt=Hi&stream=true"),
    "a completion": (200, JSON, "no-store", "POST", "/v1/chat/completions", KEY, JSON,
                     b'{"messages":[{"role":"user","content":"Hi"}]}'),
    "a stream of chunks": (200, "text/event-stream", "no-store", "POST", "/v1/chat/completions", KEY, JSON,
                           b'{"stream":true,"messages":[{"role":"user","content":"Hi"}]}'),
    "the models": (200, JSON, "no-store", "GET", "/v1/models", KEY, None, None),
    "conversations": (200, JSON, "no-store", "GET", "/api/recall", KEY, None, None),
    "a conversation": (200, JSON, "no-store", "GET", "/api/recall?conversation_id=<id>", KEY, None, None),
    "Markdown": (
        200, "text/markdown", "no-store", "GET", "/api/recall?conversation_id=<id>&format=markdown", KEY, None, None),
    "users": (200, JSON, "no-store", "GET", "/api/client/users", ADMIN, None, None),
    "a new key": (200, JSON, "no-store", "POST", "/api/client/rotate-key", ADMIN, FORM, b"user_id=<rotated>"),
    "accounts": (200, JSON, "no-store", "GET", "/api/admin/accounts", ADMIN, None, None),
    "HTML that was rendered": (200, JSON, "no-store", "POST", "/api/render", KEY, FORM, b"markdown=*a*"),
    "health": (200, JSON, "no-store", "GET", "/healthz", None, None, None),
    "HEAD": (200, JSON, "no-store", "HEAD", "/healthz", None, None, None),
    "the way to the start page": (302, None, None, "GET", "/", None, None, None),
    "a page": (200, "text/html", "no-cache", "GET", "/chat", None, None, None),
    "a page for admins": (200, "text/html", "no-cache", "GET", "/admin", None, None, None),
    "the answer to a page's form": (
        200, "text/html", "no-store", "POST", "/chat", None, FORM, b"api_key=<key>&prompt=Hi"),
    "a style sheet": (200, "text/css", "no-cache", "GET", "/assets/style.css", None, None, None),
    "a script": (200, "text/javascript", "no-cache", "GET", "/assets/js/dom.js", None, None, None),
    "a folder of files": (301, "text/html", "no-cache", "GET", "/assets/js", None, None, None),
    "an icon": (200, "image/svg+xml", "public, max-age=3600", "GET", "/favicon.svg", None, None, None),
    "words for robots": (200, "text/plain", "public, max-age=3600", "GET", "/robots.txt", None, None, None),
    "no key": (401, JSON, "no-store", "GET", "/api/recall", None, None, None),
    "no key at the OpenAI API": (401, JSON, "no-store", "GET", "/v1/models", None, None, None),
    "no key on a page": (401, "text/html", "no-store", "POST", "/chat", None, FORM, b"prompt=Hi"),
    "not allowed": (403, JSON, "no-store", "GET", "/api/admin/accounts", KEY, None, None),
    "nothing there": (404, JSON, "no-store", "GET", "/nothing", None, None, None),
    "no such file": (404, "text/html", "no-store", "GET", "/assets/nothing", None, None, None),
    "another method": (405, JSON, "no-store", "PUT", "/api/chat", None, None, None),
    "a method of nginx": (405, JSON, "no-store", "TRACE", "/api/chat", None, None, None),
    "too large": (413, JSON, "no-store", "POST", "/api/chat", KEY, JSON, b" " * (1 << 20) + b"{}"),
    "too large for a page": (413, "text/html", "no-store", "POST", "/chat", None, FORM, b"a" * (1 << 20) + b"a"),
    "a line too long": (414, JSON, "no-store", "GET", "/api/chat?" + "a" * 40_000, None, None, None),
    "another type": (415, JSON, "no-store", "POST", "/api/chat", KEY, "text/plain", b"Hi"),
    "a wrong parameter": (422, JSON, "no-store", "GET", "/api/recall?limit=x", KEY, None, None),
    "not parsed by nginx": (400, JSON, "no-store", "GET", "/%zz", None, None, None),
    "not parsed by us": (400, JSON, "no-store", "GET", "/api/chat%0a", None, None, None),
}


@pytest.fixture(scope="module")
def words(shared) -> dict[str, str]:
    rotated, key = new_id(), shared.add_user()
    shared.add_user(rotated)
    conversation = shared.talk(key, "Hello")["conversation_id"]
    return {
        "<user_key>": key, "<key>": key, "<admin_key>": shared.admin_key, "<rotated>": rotated, "<id>": conversation}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_has_all_security_fields_once(gateway, words, name):
    status, media_type, caching, method, path, key, body_type, body = ANSWERS[name]
    for word, value in words.items():
        path, key = path.replace(word, value), key and key.replace(word, value)
        body = body and body.replace(word.encode(), value.encode())
    fields = [("Accept-Encoding", "identity"), ("Origin", "http://gateway.example")]
    fields += [("Authorization", f"Bearer {key}")] if key else []
    fields += [("Content-Type", body_type)] if body_type else []

    answer = raw.send(gateway.port, raw.request_bytes(method, path, fields, body))

    assert answer.status == status, answer
    assert {field: answer.one(field) for field in FIELDS} == FIELDS
    assert REQUEST_ID.fullmatch(answer.one("X-Request-Id") or "")
    assert answer.one("Cache-Control") == caching
    if media_type:
        assert (answer.one("Content-Type") or "").partition(";")[0] == media_type
    if media_type in ("text/html", "text/plain", "text/markdown", "text/event-stream", "text/css", "text/javascript"):
        # Without it a browser guesses, and guesses can be made to run (UTF-7).
        assert "charset=utf-8" in (answer.one("Content-Type") or "").lower() or status == 301
    if (place := answer.one("Location")) is not None:
        assert place.startswith("/") and not place.startswith("//"), place


@pytest.mark.parametrize(
    "target, place", [("/", "/chat"), ("/assets/js", "/assets/js/"), ("/?next=//evil.example", "/chat")])
@pytest.mark.parametrize("host", ["evil.example", "gateway.example@evil.example", "127.0.0.1"])
def test_a_redirect_never_goes_to_a_host_that_the_caller_names(gateway, target, place, host):
    fields = [("Host", host), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "gopher")]

    answer = raw.send(gateway.port, raw.request_bytes("GET", target, fields))

    assert answer.one("Location") == place and "evil" not in answer.text + str(answer.fields)


def test_answers_with_secrets_are_not_compressed(gateway, words):
    """BREACH: the length of a compressed answer tells of the secret beside the caller's text."""
    fields = [("Accept-Encoding", "gzip"), ("Authorization", f"Bearer {words['<user_key>']}")]
    body = b'{"prompt":"' + b"a" * 10_000 + b'"}'

    answer = raw.send(gateway.port, raw.request_bytes("POST", "/api/chat", [*fields, ("Content-Type", JSON)], body))

    assert answer.status == 200 and answer.one("Content-Encoding") is None


@pytest.mark.parametrize("page", ["/chat", "/recall", "/access-token", "/admin/add-user", "/admin"])
def test_a_page_needs_nothing_that_the_policy_forbids(gateway, page):
    text = gateway.get(page).text.lower()

    for forbidden in ("<style", " style=", " onclick=", " onload=", " onsubmit=", "javascript:", "://", "data:"):
        assert forbidden not in text.replace("http://www.w3.org/2000/svg", ""), forbidden
    assert all("src=" in part.partition(">")[0] for part in text.split("<script")[1:])
