"""Parameters of /api/chat that are of another kind or out of their range."""

from .bad import Bad

ID = "1 to 128 of the characters"


def invalid(name: str, parameter: str, value, **more) -> Bad:
    return Bad(f"{parameter}: {name}", 422, "invalid_parameter", parameter, json={"prompt": "Hi", parameter: value},
    **more)


def in_query(name: str, parameter: str, value: str) -> Bad:
    return Bad(
        f"{parameter} in a query: {name}", 422, "invalid_parameter", parameter, method="GET",
        path=f"/api/chat?prompt=Hi&{parameter}={value}")


KINDS = {"a number": 1, "true": True, "a list": ["Hi"], "an object": {"a": "Hi"}}
NO_BOOLEANS = {"a number": 1, "a word": "yes", "capital letters": "TRUE", "a digit": "1", "a list": [True],
               "an object": {}, "a space before": " true"}

ROWS = [
    *(invalid(name, parameter, value)
      for parameter in ("prompt", "model", "system", "conversation_id", "access_token")
      for name, value in KINDS.items() if (parameter, name) != ("conversation_id", "a number")),
    *(invalid(name, parameter, value)
      for parameter in ("stream", "plus") for name, value in NO_BOOLEANS.items()),
    *(invalid(name, "pretty", value) for name, value in NO_BOOLEANS.items() if name != "an object"),
    *(invalid(name, "reply_only", value) for name, value in NO_BOOLEANS.items()),
    in_query("a digit", "reply_only", "0"),
    in_query("on", "stream", "on"),
    in_query("any, where it is no choice", "pretty", "any"),
    in_query("TRUE", "plus", "TRUE"),
    Bad("user_plus: a word", 422, "invalid_parameter", "user_plus",
        json={"prompt": "Hi", "access_token": "a-token-of-mine", "user_plus": "maybe"}, absent=("a-token-of-mine",)),
    *(invalid(name, "conversation_id", value) for name, value in {
        "a space": "a b", "a slash": "a/b", "a way up": "../../users", "129 characters": "a" * 129,
        "an accent": "é", "an accent in two characters": "e\u0301", "a line feed": "a\nX-Evil: yes",
        "markup": "<script>alert(1)</script>", "a percent sign": "a%2fb", "an emoji": "🙂",
        "a space without width": "a\u200bb", "letters from right to left": "\u202ea", "a star": "*", "a comma": "a,b",
        "a quote": 'a"b', "a dollar sign": "$HOME", "a backtick": "`id`", "a semicolon": "a;b",
    }.items()),
    Bad("conversation_id: a NUL", 400, "malformed_request", "conversation_id",
        json={"prompt": "Hi", "conversation_id": "a\x00b"}),
    Bad("prompt: a NUL", 400, "malformed_request", "prompt", json={"prompt": "a\x00b"}),
    Bad("model: a NUL", 400, "malformed_request", "model", json={"prompt": "Hi", "model": "\x00"}),
    Bad("conversation_id: the last of two counts", 422, "invalid_parameter", "conversation_id", method="GET",
        path="/api/chat?prompt=Hi&conversation_id=<conversation>&conversation_id=a/b"),
    *(Bad(f"conversation_id: {name}", 404, "conversation_not_found", json={"prompt": "Hi", "conversation_id": value})
      for name, value in {
          "none of ours": "00000000-0000-4000-8000-000000000000", "a dot": ".", "two dots": "..", "a hyphen": "-rf",
          "128 characters": "a" * 128, "a device": "con", "a list of ours": "list.jsonl", "a folder of ours": "threads",
      }.items()),
    Bad("model: none of ours", 404, "model_not_found", "model", json={"prompt": "Hi", "model": "no-such-model"}),
    Bad("model: a path", 404, "model_not_found", "model", json={"prompt": "Hi", "model": "../../etc/passwd"}),
    Bad("model: a line feed", 404, "model_not_found", "model", json={"prompt": "Hi", "model": "a\r\nX-Evil: yes"}),
    Bad("plus: true without plus", 403, "plus_not_allowed", "plus", json={"prompt": "Hi", "plus": True}),
    Bad("plus: the word true without plus", 403, "plus_not_allowed", "plus", form="prompt=Hi&plus=true"),
    Bad("an admin's key", 403, "not_allowed", who="admin", json={"prompt": "Hi"}),
    Bad("an admin's key for a user", 403, "not_allowed", who="admin", json={"prompt": "Hi", "user_id": "<user>"}),
    *(invalid(name, "access_token", value, absent=(value,)) for name, value in {
        "an API key": "sk-proj-0123456789abcdef", "a session key": "sess-0123456789abcdef", "7 characters": "abcdefg",
        "a space": "two words-of-it", "a line feed": "eyJhbGciOi\r\nX-Evil: yes", "an accent": "eyJhbGciOié-secret",
        "17 KB": "a" * 17_000,
    }.items()),
    Bad("access_token: expired", 422, "access_token_rejected", "access_token", absent=("eyJleHAiOjF9",),
        json={"prompt": "Hi", "access_token": "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.x"}),
    Bad("access_token: of another kind of conversation", 400, "conversation_kind_mismatch", "access_token",
        json={"prompt": "Hi", "conversation_id": "<conversation>", "access_token": "a-token-of-mine"}),
    Bad("the text alone: a wrong parameter", 422, "invalid_parameter", shape="text",
        json={"prompt": 5, "reply_only": True}),
    Bad("the text alone: none of ours", 404, "conversation_not_found", shape="text",
        form="prompt=Hi&reply_only=true&conversation_id=none"),
    Bad("a stream: refused before it begins", 404, "conversation_not_found",
        json={"prompt": "Hi", "stream": True, "conversation_id": "none"}),
    Bad("a stream: the wrong model", 404, "model_not_found", "model",
        json={"prompt": "Hi", "stream": True, "model": "none"}),
]
