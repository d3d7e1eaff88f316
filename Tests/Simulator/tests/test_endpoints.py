"""The other endpoints, the control of the simulator, and how its process ends."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from client import CONVERSATION, Client, conversation_of, open_stream, request

FOLDER = Path(__file__).resolve().parent.parent


def test_a_title_is_made_once_and_then_only_told(client: Client) -> None:
    answer = client.say("Name three long rivers please")
    path = f"{CONVERSATION}/gen_title/{conversation_of(answer)}"
    body = {"message_id": answer.snapshots()[-1]["id"], "model": "text-davinci-002-render"}

    assert client.call("POST", path, body).json() == {"title": "About Name three long rivers"}
    assert client.call("POST", path, body).json() == {
        "message": f"Conversation {conversation_of(answer)} already has title 'About Name three long rivers'"
    }
    assert client.call("POST", path, {}).status == 422
    assert client.call("POST", path, {"message_id": str(uuid.uuid4())}).status == 404


@pytest.mark.parametrize("era", ["2023-03", "2023-06"])
def test_conversations_are_listed_newest_first_in_pages(client: Client, era: str) -> None:
    client.sim("era", era=era)
    ids = [conversation_of(client.say(f"prompt {n}")) for n in range(3)]

    page = client.call("GET", "/backend-api/conversations?offset=1&limit=1").json()

    assert (page["total"], page["limit"], page["offset"]) == (3, 1, 1)
    assert [item["id"] for item in page["items"]] == [ids[1]] and page["items"][0]["title"] == "New chat"
    assert ("update_time" in page["items"][0]) is (era == "2023-06")
    assert client.call("GET", "/backend-api/conversations?limit=x").status == 422


def test_a_tree_leads_from_the_reply_to_a_root_without_a_message(client: Client) -> None:
    parent = str(uuid.uuid4())
    answer = client.say("x", parent_message_id=parent)

    tree = client.call("GET", f"{CONVERSATION}/{conversation_of(answer)}").json()

    roles, at = [], tree["current_node"]
    while tree["mapping"][at]["message"] is not None:
        roles.append(tree["mapping"][at]["message"]["author"]["role"])
        at = tree["mapping"][at]["parent"]
    assert roles == ["assistant", "user", "system"] and at == parent and tree["mapping"][at]["parent"] is None


def test_a_conversation_is_renamed_and_hidden_for_good(client: Client) -> None:
    answer = client.say("x")
    path = f"{CONVERSATION}/{conversation_of(answer)}"

    assert client.call("PATCH", path, {"title": "Mine"}).json() == {"success": True}
    assert client.call("GET", path).json()["title"] == "Mine"
    assert client.call("PATCH", path, {"is_visible": False}).json() == {"success": True}
    assert client.call("GET", path).status == client.call("PATCH", path, {"is_visible": True}).status == 404
    assert client.say("y", after=answer).status == 404
    client.say("z")
    assert client.call("PATCH", "/backend-api/conversations", {"is_visible": False}).json() == {"success": True}
    assert client.call("GET", "/backend-api/conversations").json()["items"] == []


def test_models_and_plans_tell_plus_accounts_from_free_ones(client: Client) -> None:
    def seen() -> tuple[bool, bool, bool]:
        slugs = [each["slug"] for each in client.call("GET", "/backend-api/models").json()["models"]]
        plan = client.call("GET", "/backend-api/accounts/check").json()["account_plan"]
        v4 = client.call("GET", "/backend-api/accounts/check/v4-2023-04-27").json()["accounts"]["default"]
        active = v4["entitlement"]["has_active_subscription"]
        return "gpt-4" in slugs, plan["is_paid_subscription_active"], active

    assert seen() == (False, False, False)
    client.issue("plus@example.org")
    assert seen() == (True, True, True)


def test_the_small_endpoints_answer(client: Client) -> None:
    answer = client.say("x")
    judged = client.call("POST", "/backend-api/moderations", {"input": "x", "model": "text-moderation-playground"})
    body = {"conversation_id": conversation_of(answer), "message_id": answer.snapshots()[-1]["id"]}
    liked = client.call("POST", f"{CONVERSATION}/message_feedback", body | {"rating": "thumbsUp"})
    client.token = ""
    limit = client.call("GET", "/public-api/conversation_limit").json()

    assert judged.json()["flagged"] is False and liked.json()["rating"] == "thumbsUp"
    assert limit["message_cap"] == 40.0 and limit["message_cap_window"] == 180.0


def test_unknown_paths_methods_and_control_bodies_are_refused(client: Client) -> None:
    assert client.call("GET", "/nothing").status == 404
    assert client.call("GET", CONVERSATION).status == 405
    for what, body in (
        ("era", {"era": "2021"}), ("settings", {"reply": 1}), ("settings", {"unheard_of": 1}), ("token", {}),
        ("account", {"account": "free1@example.org", "set": {"plus": 1}}), ("clock", {"advance_seconds": -1}),
    ):
        assert client.call("POST", f"/_sim/{what}", body).status == 400


def test_the_log_keeps_body_times_status_and_size_of_every_request(client: Client) -> None:
    answer = client.say("x", user="a-local-key")

    entry, = client.log()

    assert entry["body"]["user"] == "a-local-key" and entry["headers"]["content-type"] == "application/json"
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", CONVERSATION, 200)
    assert entry["bytes_sent"] == len(answer.body) and not entry["aborted"] and 0 < entry["start"] <= entry["end"]
    assert client.call("GET", f"/_sim/log?since={entry['id']}").json()["requests"] == []


def test_the_reply_and_an_account_can_be_changed(client: Client) -> None:
    client.sim("settings", reply="{turn}: {prompt}")
    client.sim("account", account="free1@example.org", set={"plus": True})
    assert client.say("x", model="gpt-4").snapshots()[-1]["metadata"]["model_slug"] == "gpt-4"
    assert client.say("x").text() == "1: x"


def test_a_reset_forgets_tokens_unless_they_are_to_be_kept(client: Client) -> None:
    client.say("x")
    client.sim("reset", keep_tokens=True)
    assert client.state()["conversations"] == [] and client.say("x").status == 200
    client.sim("reset")
    assert client.say("x").json()["detail"]["code"] == "invalid_jwt"


def test_a_connection_serves_several_requests_and_chunked_bodies(client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=5)
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    texts, sockets = [], []
    for encode_chunked in (False, True):
        body = json.dumps(request("x")).encode()
        if encode_chunked:
            connection.request(
                "POST", CONVERSATION, iter([body[:50], body[50:]]), headers | {"Transfer-Encoding": "chunked"},
                encode_chunked=True,
            )
        else:
            connection.request("POST", CONVERSATION, body, headers)
        texts.append(connection.getresponse().read()[-14:])
        sockets.append(connection.sock)
    assert texts == [b"data: [DONE]\n\n"] * 2
    assert sockets[0] is sockets[1] is not None
    connection.close()


def test_what_is_not_http_is_refused(client: Client) -> None:
    for sent in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", client.port), timeout=5) as connection:
            connection.sendall(sent)
            assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


def start(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *options], cwd=FOLDER, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )


def test_the_process_ends_with_its_input_even_while_an_answer_hangs() -> None:
    process = start("--port", "0", "--fixture", "accounts.example.json", "--era", "2023-12")
    assert process.stdin and process.stdout
    client = Client(int(process.stdout.readline().split()[1]))
    client.issue("free1@example.org")
    with open_stream(client, "[[fault:hang:2]] x") as held:
        held.recv(100)
        process.stdin.close()
        assert process.wait(timeout=5) == 0


@pytest.mark.parametrize("text", ["{", "{}", '[{"email": ""}]', '[{"email": "a@b", "plus": "yes"}]', '[{"colour": 1}]'])
def test_a_wrong_fixture_is_refused_with_its_reason(tmp_path: Path, text: str) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(text)
    process = start("--port", "0", "--fixture", str(path))
    output, errors = process.communicate(timeout=5)
    assert process.returncode == 2 and output == "" and str(path) in errors
