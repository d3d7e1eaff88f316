"""What the examples share: one call of the gateway, and what a bot does about its answer."""

import json
import os
import time
import urllib.error
import urllib.request

URL = os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080")
#: The key of a client; a bot acts with it for all of its people.
KEY = os.environ["GATEWAY_KEY"]
PATIENCE = 5


def call(path: str, members: dict, event: str | None = None) -> dict:
    """The JSON answer to `members`, whose `status` is "success" or "error".

    `event` names what is answered: the same event sent again gets the same answer and costs nothing.
    """
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    if event:
        headers["Idempotency-Key"] = event
    request = urllib.request.Request(URL + path, json.dumps(members).encode(), headers)
    for attempt in range(PATIENCE):
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            body = json.load(error)
            pause = error.headers.get("Retry-After")
            # The conversation's turn is running, all accounts are busy, or somebody's limit comes back soon.
            may_wait = body.get("code") == "conversation_busy" or pause
            if not may_wait or attempt == PATIENCE - 1 or float(pause or 1) > 30:
                return body
            time.sleep(float(pause or 1))
    raise AssertionError("not reached")


def ask(user_id: str, name: str, key: str, text: str, event: str | None = None) -> str:
    """What to say to `text` of a person in the thread `key`.

    Someone who writes for the first time becomes a user, with the limits that the client's `user_limits` set.
    """
    answer = call("/api/chat", {
        "user_id": user_id, "username": name, "user_id_plus": False, "conversation_key": key, "prompt": text}, event)
    if answer["status"] == "success":
        return answer["message"]["content"]["parts"][0]
    if answer["code"] in ("conversation_too_large", "account_unavailable", "upstream_conversation_lost"):
        # It cannot go on. Without it the key is free, and the next message begins anew.
        forget(user_id, key)
        return "This conversation came to its end. Please say that again."
    if answer["code"] in ("user_disabled", "blocked_by_upstream"):
        return "I may not talk to you. Please ask whoever runs this server."
    return f"That did not work: {answer['message']}"


def forget(user_id: str, key: str) -> None:
    call("/api/remove-conversation", {"user_id": user_id, "conversation_key": key})
