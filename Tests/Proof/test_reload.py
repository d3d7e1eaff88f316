"""New workers again and again under load on kept connections, with streams open all the time.

No request fails, every stream is whole.
"""

import json
import signal
import threading
import time
import uuid

import httpx

from harness.load import Background
from harness.process import eventually
from support.sizes import size

RELOADS = size("RELOADS", 100, least=5)
STREAMS = 10
CHATS = 4
#: Callers that ask without a pause, so that there is always a request on its way to a connection that might end.
POSTS = 8
#: A stream lasts about two seconds, which is several reloads.
WORDS = 20
PIECE_DELAY_MS = 100


def test_reload(prepare, upstream, figures):
    gateway = prepare("a", "b", workers=2, title_timeout=2)
    gateway.start()
    key = gateway.add_user()
    log = gateway.logs / "serve.log"
    lock = threading.Lock()
    spanned: list[float] = []

    def fail(words: str) -> None:
        with lock:
            figures.fault(words)

    def stream() -> None:
        words = [uuid.uuid4().hex for _ in range(WORDS)]
        started = time.monotonic()
        try:
            problem = problem_of_stream(gateway, key, words)
        except httpx.TransportError as error:
            problem = repr(error)
        with lock:
            figures.add("streams whole" if problem is None else "streams broken")
            spanned.append(time.monotonic() - started)
        if problem:
            fail(f"a stream: {problem}")

    def chat(prompt: str) -> None:
        try:
            answer = gateway.chat(key, prompt, reply_only=True)
        except httpx.TransportError as error:
            return fail(f"a request: {error!r}")
        with lock:
            figures.add("requests")
        if answer.status_code != 200:
            fail(f"a request: {answer.status_code} {answer.text}")

    with (Background(stream, STREAMS), Background(lambda: chat("[[delay_ms:30]] Hi"), CHATS),
          Background(lambda: chat("Hi"), POSTS)):
        for number in range(RELOADS):
            gateway.signal(signal.SIGHUP)
            eventually(
                lambda: log.read_bytes().count(b"All workers are replaced") > number, "all workers are replaced",
                patience=60)
            figures.add("reloads")
            time.sleep(0.2)
    figures.set("streams lasted on average", f"{sum(spanned) / len(spanned):.1f} s")
    eventually(lambda: len(gateway.worker_pids()) == 2, "old workers end", patience=40)
    figures.check()


def problem_of_stream(gateway, key: str, words: list[str]) -> str | None:
    """Nil if the events give the whole reply, piece by piece and at the end."""
    prompt = f"[[piece_delay_ms:{PIECE_DELAY_MS}]] " + " ".join(words)
    body = {"prompt": prompt, "stream": True}
    with httpx.stream(
        "POST", f"{gateway.url}/api/chat", headers={"Authorization": f"Bearer {key}"}, json=body, timeout=60) as answer:
        text = answer.read().decode()
    if answer.status_code != 200:
        return f"{answer.status_code} {text}"
    events = [dict(line.split(": ", 1) for line in event.splitlines() if ": " in line) for event in text.split("\n\n")]
    deltas = "".join(json.loads(each["data"])["text"] for each in events if each.get("event") == "delta")
    done = [json.loads(each["data"]) for each in events if each.get("event") == "done"]
    if not done:
        return f"no done event: …{text[-300:]}"
    reply = done[0]["message"]["content"]["parts"][0]
    missing = [word for word in words if word not in reply]
    return None if deltas == reply and not missing else f"{len(missing)} words missing, {len(deltas)} of {len(reply)}"
