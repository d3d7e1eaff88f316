#!/usr/bin/env python3
"""A bot in the shape of Slack: envelopes of its Events API, one JSON object a line, replies as lines.

Slack sends an event up to three times more if it is not acknowledged within 3 s. So acknowledge first (here: the
line with `ack`), and name the event in `Idempotency-Key`: what was answered once is not asked again.
"""

import json
import sys

from gateway import ask


def answer(envelope: dict) -> dict | None:
    event = envelope["event"]
    if event.get("bot_id") or event.get("subtype"):
        return None  # Its own messages, and edits, joins and the like.
    # A conversation for each thread of a channel, and of each person in it.
    thread = event.get("thread_ts") or event["ts"]
    key = f"slack:{envelope['team_id']}:{event['channel']}:{thread}"
    user = f"{envelope['team_id']}:{event['user']}"
    text = ask(user, event.get("user_name") or event["user"], key, event["text"], event=envelope["event_id"])
    return {"channel": event["channel"], "thread_ts": thread, "text": text}


for line in sys.stdin:
    envelope = json.loads(line)
    if envelope["type"] == "url_verification":
        print(json.dumps({"challenge": envelope["challenge"]}), flush=True)
    elif envelope["type"] == "event_callback":
        print(json.dumps({"ack": envelope["event_id"]}), flush=True)
        message = answer(envelope)
        if message:
            print(json.dumps(message), flush=True)
