"""What only admins may do, and the small endpoints: render, whoami, access-token."""

from .bad import FORM, Bad

ACCOUNTS, RENDER, TOKEN = "/api/admin/accounts", "/api/render", "/api/access-token"
GOOD = {"email": "a@example.org", "password": "Secret-of-a-person"}


def invalid(name: str, path: str, parameter: str, body: dict, **more) -> Bad:
    return Bad(f"{path.rpartition('/')[2]}, {parameter}: {name}", 422, "invalid_parameter", parameter, path=path,
               json=body, absent=("Secret-of",), **more)


def only_admins(name: str, who: str, **more) -> Bad:
    return Bad(f"accounts: {name}", 403, "not_allowed", path=ACCOUNTS, who=who, **more)


ROWS = [
    only_admins("a user reads", "user", method="GET"),
    only_admins("a client reads", "client", method="GET"),
    only_admins("a client's user reads", "client_user", method="GET"),
    only_admins("a user acts", "user", json={"id": "a", "action": "disable"}),
    only_admins("a client acts", "client", json={"id": "a", "action": "disable"}),
    only_admins("a client names an admin as its user", "client", json={"id": "a", "action": "test",
        "user_id": "admin"}),
    only_admins("a user says it is an admin", "user", json={"id": "a", "action": "test", "role": "admin"}),
    Bad("accounts: a user's key as an admin's", 403, "not_allowed", "admin", path=f"{ACCOUNTS}?admin=<user_key>",
        who=None, method="GET"),
    Bad("accounts: nobody", 401, "invalid_key", path=ACCOUNTS, who=None, method="GET"),
    invalid("missing", ACCOUNTS, "id", {"action": "enable"}, who="admin"),
    invalid("a number", ACCOUNTS, "id", {"id": 1, "action": "enable"}, who="admin"),
    invalid("missing", ACCOUNTS, "action", {"id": "a"}, who="admin"),
    invalid("none of ours", ACCOUNTS, "action", {"id": "a", "action": "remove"}, who="admin"),
    invalid("capital letters", ACCOUNTS, "action", {"id": "a", "action": "ENABLE"}, who="admin"),
    invalid("a list", ACCOUNTS, "action", {"id": "a", "action": ["enable"]}, who="admin"),
    *(Bad(f"accounts, id: {name}", 404, "not_found", path=ACCOUNTS, who="admin",
          json={"id": value, "action": "disable"}, parameter="id")
      for name, value in {"none of ours": "z", "a way up": "../rotation", "a path": "/etc/passwd", "a star": "*",
                          "a line feed": "a\nb", "an accent": "á"}.items()),
    Bad("accounts, id: a NUL", 400, "malformed_request", "id", path=ACCOUNTS, who="admin",
        json={"id": "a\x00", "action": "disable"}),
    invalid("missing", RENDER, "markdown", {}),
    invalid("null", RENDER, "markdown", {"markdown": None}),
    invalid("a number", RENDER, "markdown", {"markdown": 5}),
    invalid("a list", RENDER, "markdown", {"markdown": ["a"]}),
    Bad("render: a NUL", 400, "malformed_request", "markdown", path=RENDER, json={"markdown": "a\x00b"}),
    Bad("render: more than 64 KiB", 413, "body_too_large", "markdown", path=RENDER,
        json={"markdown": "a" * (64 * 1024 + 1)}),
    *(Bad(f"render: {name}", 413, "body_too_large", "markdown", path=RENDER, json={"markdown": text})
      for name, text in {"101 quotes": ">" * 101, "lists 101 deep": "- " * 101 + "a", "quotes in lists": "1. > " * 60,
                         "deep, then many lines": "> " * 10_000 + "\n" + "a\n" * 10_000}.items()),
    Bad("render: nobody", 401, "invalid_key", path=RENDER, who=None, json={"markdown": "<script>"},
        absent=("<script",)),
    Bad("whoami: nobody", 401, "invalid_key", path="/api/whoami", method="GET", who=None),
    Bad("whoami: a disabled user", 403, "user_disabled", path="/api/whoami", method="GET", who="disabled"),
    invalid("missing", TOKEN, "email", {"password": "Secret-of-a-person"}),
    invalid("missing", TOKEN, "password", {"email": "a@example.org"}),
    invalid("empty", TOKEN, "email", {**GOOD, "email": ""}),
    invalid("empty", TOKEN, "password", {**GOOD, "password": ""}),
    invalid("an object", TOKEN, "email", {**GOOD, "email": {"$gt": ""}}),
    invalid("a number", TOKEN, "password", {**GOOD, "password": 12345678}),
    invalid("a number", TOKEN, "mfa_code", {**GOOD, "mfa_code": 123456}),
    Bad("access-token: a NUL", 400, "malformed_request", "password", path=TOKEN, absent=("Secret-of",),
        json={**GOOD, "password": "Secret-of\x00"}),
    Bad("access-token: nobody", 401, "invalid_key", path=TOKEN, who=None, json=GOOD, absent=("Secret-of",
        "example.org")),
    Bad("access-token: nobody, in a query", 401, "invalid_key", method="GET", who=None, absent=("Secret-of",),
        path=f"{TOKEN}?email=a@example.org&password=Secret-of-a-person"),
    Bad("access-token: a broken form", 400, "malformed_request", path=TOKEN, absent=("Secret-of",),
        form="email=a%40example.org&password=Secret-of-a-person%"),
    Bad("access-token: JSON that is called a form", 415, "unsupported_media_type", path=TOKEN,
        json=GOOD, content_type=FORM, absent=("Secret-of",)),
    Bad("health by POST, with a body", 405, "method_not_allowed", path="/healthz", json={}, allow="GET"),
]
