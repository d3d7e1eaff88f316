"""Requests to the OpenAI API that are wrong in their shape; what we do not read goes on to the upstream."""

from .bad import FORM, Bad

PATH = "/v1/chat/completions"
HI = [{"role": "user", "content": "Hi"}]


def invalid(name: str, parameter: str, body: dict, **more) -> Bad:
    return Bad(f"{parameter}: {name}", 400, "invalid_parameter", parameter, path=PATH, json=body, **more)


def broken(name: str, body: bytes) -> Bad:
    return Bad(name, 400, "invalid_json", path=PATH, body=body, content_type="application/json")


ROWS = [
    Bad("no body", 415, "unsupported_media_type", path=PATH),
    Bad("a form", 415, "unsupported_media_type", path=PATH, form="model=stub-model&messages=Hi"),
    Bad("parts", 415, "unsupported_media_type", path=PATH, content_type="multipart/form-data; boundary=b",
        body=b'--b\r\nContent-Disposition: form-data; name="messages"\r\n\r\nHi\r\n--b--\r\n'),
    Bad("plain text", 415, "unsupported_media_type", path=PATH, body=b"Hi", content_type="text/plain"),
    Bad("no type", 415, "unsupported_media_type", path=PATH, body=b'{"messages":[]}'),
    Bad("JSON that is called a form", 415, "unsupported_media_type", path=PATH, json={"messages": HI},
        content_type=FORM),
    Bad("all in the query", 415, "unsupported_media_type", path=PATH + "?messages=Hi"),
    broken("half of JSON", b'{"messages":['),
    broken("a list", b"[]"),
    broken("a name twice", b'{"messages":[],"messages":[{"role":"user","content":"Hi"}]}'),
    broken("a role twice", b'{"messages":[{"role":"user","role":"system","content":"Hi"}]}'),
    broken("too deep", b'{"messages":' + b"[" * 40 + b"]" * 40 + b"}"),
    broken("bytes that are no UTF-8", b'{"messages":[{"role":"user","content":"\xff"}]}'),
    invalid("missing", "messages", {"model": "stub-model"}),
    *(invalid(name, "messages", {"messages": value}) for name, value in {
        "null": None, "a text": "Hi", "an object": {"role": "user"}, "empty": [], "texts": ["Hi"], "a null": [None],
        "numbers": [1], "lists": [[]], "no role": [{"content": "Hi"}], "a role that is a number": [{"role": 1}],
        "a role that is null": [{"role": None}], "one without a role among others": [*HI, {"content": "Ho"}],
    }.items()),
    *(invalid(name, "model", {"messages": HI, "model": value}) for name, value in {
        "a number": 5, "a list": ["stub-model"], "an object": {}, "true": True}.items()),
    *(invalid(name, "stream", {"messages": HI, "stream": value}) for name, value in {
        "a word": "yes", "a number": 1, "an object": {}}.items()),
    *(invalid(name, "conversation_id", {"messages": HI, "conversation_id": value}) for name, value in {
        "a slash": "a/b", "a fraction": 0.5, "129 characters": "a" * 129, "a line end": "a\r\nX-Evil: yes"}.items()),
    Bad("conversation_id: none of ours", 404, "conversation_not_found", path=PATH,
        json={"messages": HI, "conversation_id": "none"}),
    Bad("conversation_id: another's", 404, "conversation_not_found", path=PATH,
        json={"messages": HI, "conversation_id": "<other_conversation>"}),
    Bad("model: none of ours", 404, "model_not_found", "model", path=PATH, json={"messages": HI, "model": "none"}),
    Bad("model: none of ours, streamed", 404, "model_not_found", "model", path=PATH,
        json={"messages": HI, "model": "none", "stream": True}),
    Bad("an admin's key", 403, "not_allowed", path=PATH, who="admin", json={"messages": HI}),
    invalid("missing, by a client", "user", {"messages": HI}, who="client"),
    *(invalid(name, "user", {"messages": HI, "user": value}, who="client") for name, value in {
        "a slash": "a/b", "a space": "a b", "a fraction": 0.5, "129 characters": "a" * 129, "a way up": "../../x"}.items()),
    Bad("user: one that is disabled", 403, "user_disabled", "user", path=PATH, who="client",
        json={"messages": HI, "user": "<client>-off"}),
    Bad("Idempotency-Key: 256 bytes", 400, "invalid_parameter", "Idempotency-Key", path=PATH, json={"messages": HI},
        fields=(("Idempotency-Key", "k" * 256),)),
    Bad("GET of the models with a body", 404, "model_not_found", "model", path="/v1/models/none", method="GET",
        json={"model": "stub-model"}),
]
