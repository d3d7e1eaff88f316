#!/usr/bin/env python3
"""A bot in the shape of Discord: MESSAGE_CREATE events of its gateway, one JSON object a line, replies as lines.

In a real bot the events come from the library that you use; what is done with one stays as it is here.
"""

import json
import sys

from gateway import ask, forget

LIMIT = 2000  # Characters of a message of Discord.


def answer(message: dict) -> list[str]:
    author = message["author"]
    if author.get("bot"):
        return []  # Its own messages, and those of other bots.
    # A person has a conversation in each channel or thread.
    key = f"discord:{message['channel_id']}"
    if message["content"] == "!new":
        forget(author["id"], key)
        return ["We begin anew."]
    # Discord may send an event again after a reconnect.
    name = author.get("global_name") or author["username"]
    text = ask(author["id"], name, key, message["content"], event=f"discord:{message['id']}")
    return [text[start:start + LIMIT] for start in range(0, len(text), LIMIT)] or ["…"]


for line in sys.stdin:
    event = json.loads(line)
    if event["t"] == "MESSAGE_CREATE":
        for content in answer(event["d"]):
            print(json.dumps({"channel_id": event["d"]["channel_id"], "content": content}), flush=True)
