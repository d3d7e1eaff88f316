"""Other people's ids: the answer is the one for an id that nobody has, whoever asks."""

from .bad import Bad

RECALL, REMOVE, RENAME = "/api/recall", "/api/remove-conversation", "/api/rename-conversation"
USERS = "/api/client/"


def conversation(name: str, path: str, who: str, **members) -> Bad:
    return Bad(f"{path.rpartition('/')[2]}: {name}", 404, "conversation_not_found", path=path, who=who,
               json={"title": "Taken", "prompt": "Hi", **members})


def user(name: str, path: str, who: str, **members) -> Bad:
    return Bad(f"{path.rpartition('/')[2]}: {name}", 404, "user_not_found", path=path, who=who,
               json={"title": "Taken", "prompt": "Hi", "plus": False, **members})


def foreign(name: str, path: str, **members) -> Bad:
    return Bad(f"{path.rpartition('/')[2]}: {name}", 403, "not_allowed", "user_id", path=path,
               json={"title": "Taken", "prompt": "Hi", "conversation_id": "<other_conversation>", **members})


EVERYWHERE = ("/api/chat", RECALL, REMOVE, RENAME)

ROWS = [
    *(conversation("another user's", path, "user", conversation_id="<other_conversation>") for path in EVERYWHERE),
    *(conversation("a client's user's", path, "user", conversation_id="<rival_conversation>") for path in EVERYWHERE),
    *(conversation("another client's user's", path, "client", user_id="<client_user>",
                   conversation_id="<rival_conversation>") for path in EVERYWHERE),
    *(conversation("of a user of the admin, by a client's user", path, "client_user",
                   conversation_id="<other_conversation>") for path in EVERYWHERE),
    *(conversation("another's, by an admin who names the wrong user", path, "admin", user_id="<user>",
                   conversation_id="<other_conversation>") for path in (RECALL, REMOVE, RENAME)),
    *(foreign("in another's name", path, user_id="<other>") for path in EVERYWHERE),
    *(foreign("in the admin's name", path, user_id="admin") for path in EVERYWHERE),
    *(user("another client's user", path, "client", user_id="<rival_user>") for path in EVERYWHERE),
    *(user("a user of the admin", path, "client", user_id="<user>") for path in EVERYWHERE),
    *(user("the client itself", path, "client", user_id="<client>") for path in EVERYWHERE),
    *(user("nobody", path, "client", user_id="never-made") for path in EVERYWHERE),
    *(user("another client's user with its owner named", path, "client", user_id="<rival_user>", owner="<rival>")
      for path in (RECALL, REMOVE, RENAME)),
    *(user("nobody, by an admin", path, "admin", user_id="never-made") for path in (RECALL, REMOVE, RENAME)),
    *(user("under another owner, by an admin", path, "admin", user_id="<client_user>", owner="self")
      for path in (RECALL, REMOVE, RENAME)),
    *(user("another client's user", USERS + action, "client", user_id="<rival_user>")
      for action in ("remove-user", "rotate-key", "update-user")),
    *(user("another client's user with its owner named", USERS + action, "client", user_id="<rival_user>",
           owner="<rival>") for action in ("remove-user", "rotate-key", "update-user")),
    *(user("a user of the admin", USERS + action, "client", user_id="<user>", owner="self")
      for action in ("remove-user", "rotate-key", "update-user")),
    *(user("another client", USERS + action, "client", user_id="<rival>")
      for action in ("remove-user", "rotate-key", "update-user")),
    *(user("another's key as its user's", path, "client", user="<rival_user_key>")
      for path in (RECALL, REMOVE, RENAME)),
    user("its user's key and another name", RECALL, "client", user="<client_user_key>", user_id="<rival_user>"),
    Bad("chat: a client's user that is disabled", 403, "user_disabled", "user_id", who="client",
        json={"prompt": "Hi", "user_id": "<client>-off"}),
]
