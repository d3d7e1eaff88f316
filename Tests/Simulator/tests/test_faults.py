"""Every scripted fault does what it says, and to the request it was meant for."""

from __future__ import annotations

import http.client
import time

import pytest
from client import CONVERSATION, Answer, Client, conversation_of, open_stream, request, role

REFUSALS = [
    ("status:401", "token_expired"),
    ("status:401:invalid_jwt", "invalid_jwt"),
    ("status:401:deactivated", "deactivated"),
    ("status:403", "Just a moment"),
    ("status:403:1020", "cf-error-details"),
    ("status:403:1020_text", "error code: 1020"),
    ("status:403:blocked_page", 'class="message"'),
    ("status:403:unusual", "unusual activity"),
    ("status:403:forbidden", "forbidden"),
    ("status:404", "Conversation not found"),
    ("status:404:html", "<html>"),
    ("status:413", "message_length_exceeds_limit"),
    ("status:422", "type_error.none.not_allowed"),
    ("status:429", "Too many requests in 1 hour"),
    ("status:429:busy", "Only one message at a time."),
    ("status:429:slow_down", "slow down"),
    ("status:429:overload", "currently processing too many"),
    ("status:429:reload", "try reloading"),
    ("status:429:cap=77", '"clears_in": 77'),
    ("status:429:error_string", '"error"'),
    ("status:500", "Hmm..."),
    ("status:500:text", "Internal Server Error"),
    ("status:502", "502"),
    ("status:503", "capacity"),
    ("status:504", "504"),
    ("status:520", "520"),
    ("status:521", "521"),
    ("status:522", "522"),
    ("status:523", "523"),
    ("status:524", "524: A timeout occurred"),
    ('status:400:{"detail": "own: text"}', '{"detail": "own: text"}'),
    ("status:418:plain words", "plain words"),
    ("status:500:empty", ""),
    ("status:302:https://login.invalid/", ""),
]


@pytest.mark.parametrize(("fault", "part"), REFUSALS)
def test_a_status_fault_refuses_once_and_leaves_no_conversation(client: Client, fault: str, part: str) -> None:
    client.next(fault)

    refused = client.say("x")

    assert refused.status == int(fault.split(":")[1]) and part in refused.body.decode()
    assert client.state()["conversations"] == [] and client.log()[0]["faults"] == [fault]
    assert client.say("x").status == 200


def test_a_refusal_of_the_edge_carries_its_headers(client: Client) -> None:
    client.next("status:403:challenge")
    answer = client.say("x")
    assert answer.headers["cf-mitigated"] == "challenge" and answer.headers["Server"] == "cloudflare"


def test_a_fault_strikes_only_its_account_its_path_and_its_number_of_times(client: Client) -> None:
    client.next("status:503", account="free2@example.org", times=2)
    client.next("status:500", path="/backend-api/models")
    other = Client(client.port)
    other.issue("free2@example.org")

    assert client.say("x").status == 200
    assert [other.say("x").status for _ in range(3)] == [503, 503, 200]
    assert [client.call("GET", "/backend-api/models").status for _ in range(2)] == [500, 200]


def test_a_fault_without_end_lasts_until_the_reset(client: Client) -> None:
    client.next("status:403", path="/", times=-1)
    assert [client.call("GET", "/web/api/auth/csrf").status, client.say("x").status] == [403, 403]
    client.sim("reset", keep_tokens=True)
    assert client.say("x").status == 200


@pytest.mark.parametrize("order", [
    {"fault": "unheard_of"}, {"fault": "cut"}, {"fault": "cut:x"}, {"fault": "status:99"}, {"fault": []}, {},
    {"fault": "reset", "times": 0}, {"fault": ["cut:1", "title_fail"]},
    {"fault": "no_state", "account": "free1@example.org"}, {"fault": "reset", "other": 1},
])
def test_an_order_without_sense_is_refused(client: Client, order: dict[str, object]) -> None:
    assert client.call("POST", "/_sim/next", order).status == 400


def test_faults_in_front_of_a_prompt_strike_it_and_are_not_repeated_in_the_reply(client: Client) -> None:
    answer = client.say("[[fault:ping:1]] [[fault:raw_utf8]] sch\u00f6n")
    assert b"event: ping\r\n" in answer.body and "sch\u00f6n".encode() in answer.body
    assert answer.text() == "You said: sch\u00f6n. Turn 1."
    assert client.say("[[fault:nonsense]] x").status == 418


def test_a_fault_that_strikes_once_lets_the_same_prompt_pass_later(client: Client) -> None:
    assert [client.say("[[fault:once:status:500]] x").status for _ in range(2)] == [500, 200]


def struck(client: Client, fault: str, prompt: str = "one two three") -> Answer:
    client.next(fault)
    return client.say(prompt)


def test_pings_are_49_bytes_with_crlf(client: Client) -> None:
    body = struck(client, "ping_after_last").body
    at = body.index(b"event: ping\r\n")
    assert body[at + 49:] == b"data: [DONE]\n\n" and body[at + 45: at + 49] == b"\r\n\r\n"


def test_a_cut_comes_after_so_many_events_and_the_reply_is_still_in_the_tree(client: Client) -> None:
    answer = struck(client, "cut:4")
    assert not answer.is_whole and len(answer.events()) == 4
    tree = client.call("GET", f"{CONVERSATION}/{conversation_of(answer)}").json()
    stored = tree["mapping"][tree["current_node"]]["message"]
    assert stored["content"]["parts"] == ["You said: one two three. Turn 1."] and stored["end_turn"] is True


def test_a_lost_reply_is_only_in_part_in_the_tree(client: Client) -> None:
    answer = struck(client, "cut:5:lost")
    tree = client.call("GET", f"{CONVERSATION}/{conversation_of(answer)}").json()
    stored = tree["mapping"][tree["current_node"]]["message"]
    assert stored["content"]["parts"] == [answer.text()] == ["You said: "] and stored["status"] == "in_progress"


def test_a_cut_can_come_after_so_many_bytes(client: Client) -> None:
    answer = struck(client, "cut_bytes:700")
    assert not answer.is_whole and len(answer.body) == 700


def test_a_cut_can_split_a_character(client: Client) -> None:
    whole = client.say("[[fault:raw_utf8]] \u20ac")
    at = whole.body.index("\u20ac".encode())
    client.next(f"cut_bytes:{at + 1}")
    assert client.say("[[fault:raw_utf8]] \u20ac").body.endswith(b"\xe2")


def test_a_cut_can_be_a_reset(client: Client) -> None:
    with pytest.raises(ConnectionResetError):
        struck(client, "cut:2:rst")


@pytest.mark.parametrize(("fault", "is_whole"), [("no_done", True), ("no_done:close", False)])
def test_a_stream_may_end_without_its_end_marker(client: Client, fault: str, is_whole: bool) -> None:
    answer = struck(client, fault)
    assert answer.is_whole is is_whole
    assert b"[DONE]" not in answer.body and answer.snapshots()[-1]["end_turn"] is True


@pytest.mark.parametrize("fault", ["reset", "hang_headers", "hang:0", "hang:3"])
def test_silence_and_resets_give_no_answer(client: Client, fault: str) -> None:
    client.next(fault)
    with pytest.raises((TimeoutError, ConnectionResetError, http.client.RemoteDisconnected)):
        client.call("POST", CONVERSATION, request("x"), timeout=0.15)


def test_a_hanging_stream_can_go_on_pinging(client: Client) -> None:
    with open_stream(client, "[[fault:hang_ping:1:5]] x") as stream:
        seen = b""
        while seen.count(b"event: ping\r\n") < 3:
            seen += stream.recv(4096)
    assert seen.count(b"data: {") == 1


def test_slowness_is_per_event_or_before_the_head(client: Client) -> None:
    begun = time.monotonic()
    assert struck(client, "slow_headers:60").status == 200
    middle = time.monotonic()
    events = len(struck(client, "slow:6").events())
    assert middle - begun >= 0.06 and time.monotonic() - middle >= 0.006 * events


@pytest.mark.parametrize(("fault", "kind"), [("error_event:4", str), ("error_event:4:object", dict)])
def test_an_error_can_come_in_the_stream(client: Client, fault: str, kind: type) -> None:
    events = struck(client, fault).events()
    assert len(events) == 5 and isinstance(events[4]["error"], kind) and events[4]["message"] is None


def test_a_detail_can_come_in_the_stream(client: Client) -> None:
    assert "detail" in struck(client, "detail_event:1").events()[1]


def test_garbage_comes_with_a_byte_order_mark_in_front(client: Client) -> None:
    answer = struck(client, "garbage:0")
    assert answer.body.startswith(b"\xef\xbb\xbf") and b"event: mystery" in answer.body
    assert answer.text() == "You said: one two three. Turn 1."


@pytest.mark.parametrize("fault", ["chunking:1", "chunking:7", "chunking:0", "line_ends:crlf", "line_ends:cr"])
def test_other_framing_carries_the_same_turn(client: Client, fault: str) -> None:
    assert struck(client, fault).text() == "You said: one two three. Turn 1."


def test_compact_json_has_no_spaces(client: Client) -> None:
    assert struck(client, "compact").body.startswith(b'data: {"message":{"id":"')


def resume(client: Client, after: Answer) -> Answer:
    return client.say("", after=after, action="continue", messages=None)


def test_a_cut_reply_is_continued_until_it_is_whole(client: Client) -> None:
    first = struck(client, "max_tokens:2")
    second = resume(client, first)
    third = resume(client, second)

    finishes = [each.snapshots()[-1]["metadata"]["finish_details"]["type"] for each in (first, second, third)]
    assert finishes == ["max_tokens", "max_tokens", "stop"]
    assert first.text() + second.text() + third.text() == "You said: one two three. Turn 1."
    assert second.snapshots()[-1]["metadata"]["message_type"] == "continue"
    assert resume(client, third).status == 429
    assert client.say("next", after=third).text() == "You said: next. Turn 2."


def test_a_reply_can_be_cut_for_ever(client: Client) -> None:
    answer = struck(client, "max_tokens:-1")
    for _ in range(8):
        answer = resume(client, answer)
        assert answer.snapshots()[-1]["metadata"]["finish_details"]["type"] == "max_tokens"


def test_before_continue_existed_the_word_does_it(client: Client) -> None:
    client.sim("era", era="2023-03")
    first = struck(client, "max_tokens:1")
    assert first.text() + client.say("continue", after=first).text() == "You said: one two three. Turn 1."


def test_finish_details_can_come_from_the_first_snapshot(client: Client) -> None:
    assert struck(client, "early_finish").snapshots()[0]["metadata"]["finish_details"]["type"] == "stop"


def test_an_interrupted_reply_says_so(client: Client) -> None:
    last = struck(client, "interrupted").snapshots()[-1]
    assert last["metadata"]["finish_details"] == {"type": "interrupted"} and last["end_turn"] is None


def test_a_snapshot_can_replace_the_text(client: Client) -> None:
    texts = [one["content"]["parts"][0] for one in struck(client, "replace").snapshots()]
    assert any(not later.startswith(earlier) for earlier, later in zip(texts, texts[1:]))
    assert texts[-1] == "You said: one two three. Turn 1."


def test_a_tool_turn_has_messages_that_are_not_the_answer(client: Client) -> None:
    answer = struck(client, "tool_turn")
    messages = [event["message"] for event in answer.events()]
    assert {"browser", "all"} == {each["recipient"] for each in messages}
    assert "tool" in {role(each) for each in messages}
    assert [] in [each["content"].get("parts", "none") for each in messages]
    assert answer.text() == "You said: one two three. Turn 1."


def test_a_turn_can_have_no_reply(client: Client) -> None:
    answer = struck(client, "no_text")
    assert answer.snapshots() == [] and answer.body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(("fault", "kind"), [("plain_ise", "text/plain"), ("plain_ise:sse", "text/event-stream")])
def test_a_plain_error_can_come_with_200(client: Client, fault: str, kind: str) -> None:
    answer = struck(client, fault)
    assert answer.status == 200 and answer.body == b"Internal Server Error"
    assert answer.headers["Content-Type"].startswith(kind)


def test_a_websocket_can_be_named_in_any_era(client: Client) -> None:
    assert "wss_url" in struck(client, "json_200").json()


def test_markers_in_the_reply_do_not_end_it(client: Client) -> None:
    text = struck(client, "marker_text").text()
    assert "data: [DONE]" in text and text.endswith("The end.") and "\u2028" in text


def test_a_big_reply_grows_to_its_size(client: Client) -> None:
    answer = struck(client, "big:20000")
    assert len(answer.text()) == 20000 and len(answer.body) > 1_000_000


@pytest.mark.parametrize(("fault", "kind"), [("title_event", "title_generation"), ("moderation_stop", "moderation")])
def test_typed_events_can_end_a_turn(client: Client, fault: str, kind: str) -> None:
    assert struck(client, fault).events()[-1]["type"] == kind


def test_a_token_can_be_revoked_early(client: Client) -> None:
    client.next("early_revoke")
    assert [client.say("x").status, client.say("x").status] == [401, 401]
    client.issue("free1@example.org")
    assert client.say("x").status == 200


def test_a_timeout_of_the_edge_may_come_although_the_prompt_was_taken(client: Client) -> None:
    first = client.say("x")
    client.next("status:524:accepted")
    assert client.say("y", after=first).status == 524
    tree = client.call("GET", f"{CONVERSATION}/{conversation_of(first)}").json()
    assert tree["mapping"][tree["current_node"]]["message"]["content"]["parts"] == ["You said: y. Turn 2."]


def title(client: Client, answer: Answer) -> Answer:
    path = f"{CONVERSATION}/gen_title/{conversation_of(answer)}"
    return client.call("POST", path, {"message_id": answer.snapshots()[-1]["id"]})


def test_titles_fail_come_late_or_exist_by_order(client: Client) -> None:
    answer = client.say("[[fault:title_fail]] one two")
    assert title(client, answer).status == 500
    client.next("title_slow:40")
    begun = time.monotonic()
    assert title(client, answer).json() == {"title": "About one two"}
    assert time.monotonic() - begun >= 0.04
    assert "already has title 'About one two'" in title(client, answer).json()["message"]
    assert "message" in title(client, client.say("[[fault:title_exists]] x")).json()
