#!/usr/bin/env python3
"""A bot in the shape of Telegram: asks the Bot API at TELEGRAM_URL for updates and sends replies.

With https://api.telegram.org/bot<token> as TELEGRAM_URL it is a real one. ROUNDS ends it after so many questions.
"""

import itertools
import json
import os
import urllib.request

from gateway import ask, forget

URL = os.environ["TELEGRAM_URL"]
ROUNDS = int(os.environ.get("ROUNDS", 0))


def telegram(method: str, **members):
    request = urllib.request.Request(
        f"{URL}/{method}", json.dumps(members).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.load(answer)["result"]


def answer(update: dict) -> None:
    message = update.get("message") or {}
    if "text" not in message or message["from"]["is_bot"]:
        return
    person, chat = message["from"], message["chat"]["id"]
    user = str(person["id"])
    # In a group each person has a conversation, in a topic another one.
    key = f"telegram:{chat}:{message.get('message_thread_id', 0)}"
    if message["text"].split("@")[0] == "/new":
        forget(user, key)
        text = "We begin anew."
    else:
        # An update that was answered but not confirmed, because the bot was ended, comes again.
        text = ask(user, person["first_name"], key, message["text"], event=f"telegram:{update['update_id']}")
    for start in range(0, len(text), 4096):
        telegram("sendMessage", chat_id=chat, text=text[start:start + 4096])


offset = 0
for _ in range(ROUNDS) if ROUNDS else itertools.count():
    for update in telegram("getUpdates", offset=offset, timeout=50):
        answer(update)
        offset = update["update_id"] + 1
