"""Methods that a path does not take: 405 with the ones that it does."""

from .bad import Bad

GET_POST = "GET, POST"
WITH_DELETE = "GET, POST, DELETE"
PATHS = {
    "/api/chat": GET_POST, "/api/recall": GET_POST, "/api/remove-conversation": WITH_DELETE,
    "/api/rename-conversation": "POST", "/api/render": "POST", "/api/whoami": GET_POST,
    "/api/client/add-user": GET_POST, "/api/client/users": GET_POST, "/api/client/remove-user": WITH_DELETE,
    "/api/client/rotate-key": GET_POST, "/api/client/update-user": GET_POST, "/api/access-token": GET_POST,
    "/api/admin/accounts": GET_POST, "/healthz": "GET", "/v1/chat/completions": "POST", "/v1/models": "GET",
    "/v1/models/stub-model": "GET",
}


def refused(method: str, path: str, allow: str) -> Bad:
    return Bad(f"{method} {path}", 405, "method_not_allowed", method=method, path=path, allow=allow)


ROWS = [
    *(refused(method, path, allow) for path, allow in PATHS.items() for method in ("PUT", "OPTIONS")),
    *(refused("DELETE", path, allow) for path, allow in PATHS.items() if "DELETE" not in allow),
    *(refused("GET", path, allow) for path, allow in PATHS.items() if "GET" not in allow),
    *(refused("POST", path, allow) for path, allow in PATHS.items() if "POST" not in allow),
    refused("PATCH", "/api/chat", GET_POST),
    refused("PROPFIND", "/api/chat", GET_POST),
    refused("BREW", "/api/chat", GET_POST),
    Bad("HEAD where only POST is", 405, "method_not_allowed", method="HEAD", path="/api/render", allow="POST"),
    Bad("HEAD of a chat, which would ask the upstream", 405, "method_not_allowed", method="HEAD",
        path="/api/chat?prompt=Hi", allow=GET_POST),
    Bad("HEAD of the completions", 405, "method_not_allowed", method="HEAD", path="/v1/chat/completions", allow="POST"),
    Bad("TRACE", 405, "method_not_allowed", method="TRACE"),
    Bad("CONNECT", 400, "bad_request", method="CONNECT", path="gateway.example:443"),
    Bad("a method in lower case", 400, "bad_request", method="post"),
    Bad("a method that is no word", 400, "bad_request", method="P@ST"),
    Bad("a method with the key in it", 400, "bad_request", method="<user_key>"),
    Bad("no method", 400, "bad_request", method=""),
    Bad("an override of the method does nothing", 405, "method_not_allowed", method="PUT", allow=GET_POST,
        fields=(("X-HTTP-Method-Override", "POST"),)),
    Bad("an unknown path whatever the method", 404, "not_found", method="PUT", path="/api/nothing"),
]
