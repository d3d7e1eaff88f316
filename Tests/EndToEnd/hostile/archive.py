"""Parameters of /api/recall, /api/remove-conversation and /api/rename-conversation."""

from .bad import Bad

RECALL, REMOVE, RENAME = "/api/recall", "/api/remove-conversation", "/api/rename-conversation"
LIMITS = {"0": 0, "1001": 1001, "below 0": -5, "a fraction": 0.5, "a word": "all", "a list": [], "false": False,
          "1e300": 1e300, "1e300 as text": "1e300", "2 to the 63rd": 2**63, "below -2 to the 63rd": -2**63 - 1,
          "1e-9": 1e-9, "a million digits": "9" * 1_000_000, "a fraction as text": "1.0", "a space": " 1"}
BAD_IDS = {"a slash": "a/b", "a way up": "../list.jsonl", "129 characters": "a" * 129, "a fraction": 7.5, "a list": ["a"],
           "a quote and a line end": 'a"\r\nX-Evil: yes', "an accent": "ü"}


def invalid(name: str, path: str, parameter: str, body: dict, **more) -> Bad:
    label = f"{path.rpartition('/')[2]}, {parameter}: {name}"
    return Bad(label, 422, "invalid_parameter", parameter, path=path, json=body, **more)


def missing(name: str, path: str, **more) -> Bad:
    label = f"{path.rpartition('/')[2]}: {name}"
    return Bad(label, 404, "conversation_not_found", path=path, **more)


ROWS = [
    *(invalid(name, RECALL, "limit", {"limit": value}) for name, value in LIMITS.items()),
    *(invalid(name, path, "conversation_id", {"conversation_id": value, "title": "x"})
      for path in (RECALL, REMOVE, RENAME) for name, value in BAD_IDS.items()),
    *(invalid(name, RECALL, "before", {"before": value}) for name, value in BAD_IDS.items()),
    invalid("none of ours", RECALL, "format", {"conversation_id": "<conversation>", "format": "pdf"}),
    invalid("a path", RECALL, "format", {"conversation_id": "<conversation>", "format": "../markdown"}),
    invalid("a list", RECALL, "format", {"conversation_id": "<conversation>", "format": ["json"]}),
    invalid("missing, by a client", RECALL, "user_id", {}, who="client"),
    invalid("missing, by an admin", RECALL, "user_id", {}, who="admin"),
    invalid("a slash, by a client", RECALL, "user_id", {"user_id": "a/b"}, who="client"),
    invalid("a slash, by an admin", RECALL, "owner", {"user_id": "<user>", "owner": "a/b"}, who="admin"),
    invalid("missing", REMOVE, "conversation_id", {}),
    invalid("empty", REMOVE, "conversation_id", {"conversation_id": ""}),
    invalid("null", REMOVE, "conversation_id", {"conversation_id": None}),
    invalid("missing", RENAME, "conversation_id", {"title": "x"}),
    invalid("missing", RENAME, "title", {"conversation_id": "<conversation>"}),
    invalid("empty", RENAME, "title", {"conversation_id": "<conversation>", "title": ""}),
    invalid("line ends", RENAME, "title", {"conversation_id": "<conversation>", "title": "\r\n\n"}),
    invalid("quotes", RENAME, "title", {"conversation_id": "<conversation>", "title": '"" \' *'}),
    invalid("control characters", RENAME, "title", {"conversation_id": "<conversation>", "title": "\x01\x02\x7f"}),
    invalid("a number", RENAME, "title", {"conversation_id": "<conversation>", "title": 1}),
    Bad("rename-conversation, title: a NUL", 400, "malformed_request", "title", path=RENAME,
        json={"conversation_id": "<conversation>", "title": "a\x00"}),
    *(missing(f"one that is not there: {name}", path, json={"conversation_id": value, "title": "x"})
      for path in (RECALL, REMOVE, RENAME)
      for name, value in {"dots": "..", "the list": "list", "the threads": "threads", "a hyphen": "--"}.items()),
    missing("one that is not there, by DELETE", REMOVE + "?conversation_id=none", method="DELETE"),
    missing("one that is not there, as Markdown", RECALL + "?conversation_id=none&format=markdown", method="GET"),
    missing("on a page", "/recall", form="conversation_id=none", shape="page"),
]
