"""What a caller's library reads of an upstream's refusal, with bodies that servers really send."""

import json

import pytest

OPENAI = {"error": {
    "message": "This model's maximum context length is 8192 tokens. However, your messages resulted in 10240 tokens. "
               "secret-upstream-detail", "type": "invalid_request_error", "param": "messages",
    "code": "context_length_exceeded"}}
VLLM = {
    "object": "error", "message": "This model's maximum context length is 2048 tokens. However, you requested 3000 "
                                  "tokens. secret-upstream-detail", "type": "BadRequestError", "param": None,
    "code": 400}
LLAMA = {"error": {
    "code": 400, "message": "request (5000 tokens) exceeds the available context size (2048 tokens), try increasing "
                            "it secret-upstream-detail", "type": "exceed_context_size_error", "n_prompt_tokens": 5000,
    "n_ctx": 2048}}
OLLAMA = {"error": {
    "message": "the input length exceeds the context length secret-upstream-detail", "type": "api_error",
    "param": None, "code": None}}
NO_PICTURES = {"error": {
    "code": 500, "type": "server_error",
    "message": "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"}}

TOO_LONG = {"openai": OPENAI, "vllm": VLLM, "llama.cpp": LLAMA, "ollama": OLLAMA}


def ask(gateway, key, **members):
    return gateway.post(
        "/v1/chat/completions", key, model="stub-model", messages=[{"role": "user", "content": "Hi"}], **members)


@pytest.mark.parametrize("server", TOO_LONG)
@pytest.mark.parametrize("stream", [False, True])
def test_a_context_that_is_too_long_is_told_as_openai_tells_it(gateway, upstream, server, stream):
    upstream.script({"status": 400, "body": TOO_LONG[server]}, times=-1)

    answer = ask(gateway, gateway.add_user(), stream=stream)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["code"], error["type"], error["param"]) == (
        "context_length_exceeded", "invalid_request_error", "messages")
    assert error["message"].startswith("This model's maximum context length is ")
    assert "secret" not in answer.text
    # No other account was asked for the same, and none rests.
    assert len(upstream.requests()) == 1


def test_our_own_api_says_it_too(gateway, upstream):
    upstream.script({"status": 400, "body": LLAMA}, times=-1)

    answer = gateway.chat(gateway.add_user(), "Hi")

    assert answer.status_code == 400
    body = answer.json()
    assert (body["code"], body["parameter"]) == ("context_length_exceeded", "prompt")
    assert "2048" in body["message"] and "5000" in body["message"]


def test_a_picture_for_a_model_that_sees_none_is_the_callers_fault(gateway, upstream):
    key = gateway.add_user()
    upstream.script({"status": 500, "body": NO_PICTURES}, times=3)
    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]}]

    answers = [gateway.post("/v1/chat/completions", key, model="stub-model", messages=picture) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {400}
    assert {answer.json()["error"]["code"] for answer in answers} == {"unsupported_value"}
    assert gateway.talk(gateway.add_user(), "Plain words")["status"] == "success"


@pytest.mark.parametrize("step", ["error_at_once", "error_mid_stream"])
def test_an_error_within_a_stream_keeps_its_code(gateway, upstream, step):
    upstream.script({step: OPENAI})

    answer = ask(gateway, gateway.add_user(), stream=True)

    if step == "error_at_once":
        assert answer.status_code == 400
        error = answer.json()["error"]
    else:
        error = json.loads(answer.text.strip().rpartition("data: ")[2])["error"]
    assert error["code"] == "context_length_exceeded"
    assert "secret" not in answer.text


@pytest.mark.parametrize("body, code, param", [
    ({"code": "unsupported_parameter", "param": "logit_bias"}, "unsupported_parameter", "logit_bias"),
    ({"code": "invalid_image_url", "param": "messages[0].content[0].image_url"}, "invalid_image_url",
     "messages[0].content[0].image_url"),
    ({"code": "content_policy_violation", "param": None}, "content_policy_violation", None),
    ({"code": "invalid_value", "param": "sk-upstream secret words"}, "invalid_value", None),
    ({"code": "a_word_of_theirs", "param": "x"}, "upstream_rejected_request", None),
])
def test_known_codes_go_through_with_their_parameter(gateway, upstream, body, code, param):
    upstream.script({"status": 400, "body": {"error": {
        "message": "secret-upstream-detail", "type": "invalid_request_error", **body}}})

    answer = ask(gateway, gateway.add_user())

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)
    assert "secret" not in answer.text


def test_the_sdk_reads_the_code(gateway, upstream):
    openai = pytest.importorskip("openai")
    upstream.script({"status": 400, "body": VLLM}, times=-1)
    client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.add_user(), max_retries=0)

    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="stub-model", messages=[{"role": "user", "content": "Hi"}])

    assert caught.value.code == "context_length_exceeded"
    # What LiteLLM looks for in the text.
    assert "this model's maximum context length is" in str(caught.value).lower()
