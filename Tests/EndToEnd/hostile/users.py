"""Parameters of /api/client/… that are missing, of another kind or out of their range."""

from .bad import Bad

ADD, LIST, REMOVE, ROTATE, UPDATE = (
    f"/api/client/{name}" for name in ("add-user", "users", "remove-user", "rotate-key", "update-user"))
GOOD = {"user_id": "never-made", "username": "Nobody"}
BAD_IDS = {"a fraction": 5.5, "a negative zero": -0.0, "a list": ["a"], "a space": "a b", "a slash": "a/b",
           "a way up": "../a",
           "129 characters": "a" * 129, "an accent": "é", "a line feed": "a\nb", "markup": "<b>", "a plus sign": "a+b"}


def invalid(name: str, path: str, parameter: str | None, body: dict, **more) -> Bad:
    label = f"{path.rpartition('/')[2]}, {parameter}: {name}"
    return Bad(label, 422, "invalid_parameter", parameter, **{"path": path, "who": "admin", "json": body, **more})


ROWS = [
    *(invalid(name, ADD, "user_id", {**GOOD, "user_id": value}) for name, value in BAD_IDS.items()),
    *(invalid(name, REMOVE, "user_id", {"user_id": value}) for name, value in BAD_IDS.items()),
    invalid("missing", ADD, "user_id", {"username": "Nobody"}),
    invalid("empty", ADD, "user_id", {**GOOD, "user_id": ""}),
    invalid("null", ADD, "user_id", {**GOOD, "user_id": None}),
    invalid("the owner's own word", ADD, "user_id", {**GOOD, "user_id": "self"}),
    invalid("bad under its other name", ADD, "user_id", {"userid": "a b", "username": "Nobody"}),
    Bad("add-user, user_id: a NUL", 400, "malformed_request", "user_id", path=ADD, who="admin",
        json={**GOOD, "user_id": "a\x00"}),
    invalid("missing", ADD, "username", {"user_id": "never-made"}),
    invalid("empty", ADD, "username", {**GOOD, "username": ""}),
    invalid("spaces", ADD, "username", {**GOOD, "username": "   "}),
    invalid("257 bytes", ADD, "username", {**GOOD, "username": "a" * 257}),
    invalid("257 bytes of fewer characters", ADD, "username", {**GOOD, "username": "é" * 129}),
    invalid("a line feed", ADD, "username", {**GOOD, "username": "a\nb"}),
    invalid("an escape character", ADD, "username", {**GOOD, "username": "\x1b[31m"}),
    invalid("a number", ADD, "username", {**GOOD, "username": 5}),
    invalid("an object", ADD, "username", {**GOOD, "username": {}}),
    invalid("a word", ADD, "plus", {**GOOD, "plus": "yes"}),
    invalid("any", ADD, "plus", {**GOOD, "plus": "any"}),
    invalid("a number", ADD, "is_client", {**GOOD, "is_client": 1}),
    Bad("add-user: one that is there", 422, "user_exists", "user_id", path=ADD, who="admin",
        json={"user_id": "<user>", "username": "Again"}),
    Bad("add-user: a client's one that is there", 422, "user_exists", "user_id", path=ADD, who="client",
        json={"user_id": "<client_user>", "username": "Again"}),
    Bad("add-user: a client by a client", 403, "not_allowed", "is_client", path=ADD, who="client",
        json={**GOOD, "is_client": True}),
    Bad("add-user: plus by a client without", 403, "plus_not_allowed", "plus", path=ADD, who="client",
        json={**GOOD, "plus": True}),
    Bad("add-user: by a user", 403, "not_allowed", path=ADD, json=GOOD),
    Bad("add-user: by nobody", 401, "invalid_key", path=ADD, who=None, json=GOOD),
    *(invalid(name, LIST, "limit", {"limit": value}) for name, value in {
        "0": 0, "501": 501, "below 0": -1, "a fraction": 1.5, "a word": "ten", "a list": [1], "true": True,
        "1e300": 1e300, "2 to the 63rd": 2**63, "digits of other scripts": "٥", "a plus and more": "5 OR 1=1",
        "hexadecimal": "0x10",
    }.items()),
    *(invalid(name, LIST, "before", {"before": value}) for name, value in {
        "one part": "a", "three parts": "a/b/c", "a way up": "../../..", "a number": 5, "a space": "a/b c",
    }.items()),
    invalid("a slash", LIST, "owner", {"owner": "a/b"}),
    Bad("users: by a user", 403, "not_allowed", path=LIST, method="GET"),
    invalid("missing", REMOVE, "user_id", {}),
    invalid("a word", REMOVE, "keep_conversations", {"user_id": "<user>", "keep_conversations": "yes"}),
    invalid("a word", REMOVE, "remove_users", {"user_id": "<user>", "remove_users": "all"}),
    invalid("a slash", REMOVE, "owner", {"user_id": "<user>", "owner": "a/b"}),
    Bad("remove-user: nobody", 404, "user_not_found", path=REMOVE, who="admin", json={"user_id": "never-made"}),
    Bad("remove-user: of another owner", 404, "user_not_found", path=REMOVE, who="admin",
        json={"user_id": "<user>", "owner": "<client>"}),
    Bad("remove-user: a client that has users", 403, "not_allowed", "remove_users", path=REMOVE, who="admin",
        json={"user_id": "<client>"}),
    Bad("remove-user: by a user", 403, "not_allowed", path=REMOVE, json={"user_id": "<user>"}),
    Bad("remove-user: a client itself", 404, "user_not_found", path=REMOVE, who="client", json={"user_id": "<client>"}),
    Bad("rotate-key: nobody", 404, "user_not_found", path=ROTATE, who="admin", json={"user_id": "never-made"}),
    Bad("rotate-key: a user for another", 403, "not_allowed", "user_id", path=ROTATE, json={"user_id": "<other>"}),
    invalid("a space", ROTATE, "user_id", {"user_id": "a b"}),
    invalid("empty, which is not one's own", ROTATE, "user_id", {"user_id": ""}),
    invalid("none", UPDATE, None, {"user_id": "<user>"}),
    invalid("missing", UPDATE, "user_id", {"plus": True}),
    invalid("a word", UPDATE, "plus", {"user_id": "<user>", "plus": "yes"}),
    invalid("a number", UPDATE, "disabled", {"user_id": "<user>", "disabled": 0}),
    invalid("spaces", UPDATE, "username", {"user_id": "<user>", "username": " "}),
    invalid("a list", UPDATE, "username", {"user_id": "<user>", "username": ["a"]}),
    Bad("update-user: nobody", 404, "user_not_found", path=UPDATE, who="admin",
        json={"user_id": "never-made", "plus": True}),
    Bad("update-user: plus by a client without", 403, "plus_not_allowed", "plus", path=UPDATE, who="client",
        json={"user_id": "<client_user>", "plus": True}),
    Bad("update-user: a user itself", 403, "not_allowed", path=UPDATE, json={"user_id": "<user>", "plus": True}),
    Bad("update-user: a role cannot be given", 422, "invalid_parameter", path=UPDATE, who="admin",
        json={"user_id": "<user>", "role": "admin"}),
]
