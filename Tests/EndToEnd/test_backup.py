"""A copy of the state of a running server has everything that was acknowledged before the copy began."""

import json
import subprocess
import time

from harness.load import Background


def test_a_copy_of_a_running_server_is_whole(launch, tmp_path):
    gateway = launch("a", "b", workers=2)
    keys = {f"u{number}": gateway.add_user(f"u{number}") for number in range(3)}
    acknowledged: dict[str, list[str]] = {}

    def talk() -> None:
        number = time.monotonic_ns()
        key = keys[f"u{number % 3}"]
        prompt = f"Prompt of the backup {number}"
        answer = gateway.chat(key, prompt, reply_only=False)
        assert answer.status_code == 200, answer.text
        conversation = answer.json()["conversation_id"]
        acknowledged[conversation] = [prompt]
        if gateway.chat(key, "And then, tell me?", conversation_id=conversation).status_code == 200:
            acknowledged[conversation] = [prompt, "And then, tell me?"]

    copy = tmp_path / "state"
    with Background(talk, threads=4):
        time.sleep(2)
        before = dict(acknowledged)
        # What vanishes meanwhile is temporary; cp then ends with 1.
        assert subprocess.run(["cp", "-a", gateway.state, copy], capture_output=True, timeout=60).returncode in (0, 1)
        time.sleep(0.5)

    exported = gateway.cli("export", "--state-dir", copy).stdout.splitlines()
    stored = {
        line["conversation_id"]: [turn["prompt"] for turn in line["turns"]]
        for line in map(json.loads, exported) if line["type"] == "conversation"}
    assert len(before) > 10
    for conversation, prompts in before.items():
        assert stored[conversation][: len(prompts)] == prompts
