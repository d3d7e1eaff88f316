"""What clients of all kinds really send: other key fields, JSON under another name, other paths, long heads."""

import base64
import json

import pytest
from harness import raw
from harness.answers import assert_error

FORM = "application/x-www-form-urlencoded"


# Parameters

@pytest.mark.parametrize("user_id", [12345, 0, 905123456789012345678, -1001234567890])
def test_a_whole_number_is_an_id(gateway, user_id):
    client = gateway.add_client()
    made = gateway.post("/api/client/add-user", client, user_id=user_id, username="Bot user")
    assert made.status_code == 200, made.text
    gateway.secrets.keep(made.json()["api_key"])
    assert made.json()["user_id"] == str(user_id)
    assert gateway.talk(client, "Hello", user_id=user_id)["api_client_id"] != "self"
    assert len(gateway.post("/api/recall", client, user_id=str(user_id)).json()) == 1
    answer = gateway.post("/v1/chat/completions", client, user=user_id, model="stub-model",
                          messages=[{"role": "user", "content": "Hi"}])
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("user_id", ["1.0", "1e3", "-0", "1.5", "true", "[1]"])
def test_other_numbers_are_no_ids(gateway, user_id):
    answer = gateway.request("POST", "/api/chat", gateway.add_client(),
                             content=f'{{"prompt": "Hi", "user_id": {user_id}}}',
                             headers={"Content-Type": "application/json"})
    assert_error(answer, 422, "invalid_parameter")


def test_booleans_as_python_writes_them(gateway):
    key = gateway.add_user(plus=True)
    for word in ("True", "False"):
        for answer in (gateway.post("/api/chat", key, prompt="Hi", plus=word, reply_only=word),
                       gateway.get("/api/chat", key, prompt="Hi", plus=word, reply_only=word)):
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"].startswith("text/plain") == (word == "True")
    assert_error(gateway.get("/api/chat", key, prompt="Hi", plus="TRUE"), 422, "invalid_parameter")
    assert_error(gateway.get("/api/chat", key, prompt="Hi", plus="1"), 422, "invalid_parameter")


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8", "text/plain", "text/json", None])
@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
def test_json_under_another_name_is_told_so(gateway, path, content_type):
    body = json.dumps({"user": gateway.add_user(), "prompt": "Hi"}, indent=1)
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = gateway.request("POST", path, content="\n " + body, headers=headers)
    assert answer.status_code == 415, answer.text
    error = answer.json().get("error", answer.json()) or answer.json()
    message = (error if isinstance(error, dict) else answer.json())["message"]
    assert "JSON" in message and "Content-Type: application/json" in message, message
    assert content_type is None or not content_type.startswith(FORM) or FORM in message


def test_a_form_is_still_a_form(gateway):
    key = gateway.add_user()
    answer = gateway.request("POST", "/api/chat", key, data={"prompt": '{"a": 1}', "reply_only": "true"})
    assert answer.status_code == 200 and '{"a": 1}' in answer.text


# Keys

@pytest.mark.parametrize("field", ["X-Api-Key", "x-api-key", "API-KEY"])
def test_a_key_in_other_fields(gateway, field):
    key = gateway.add_user()
    for path in ("/api/recall", "/v1/models"):
        assert gateway.get(path).status_code == 401
        assert gateway.request("GET", path, headers={field: key}).status_code == 200
        # The same one twice is one.
        assert gateway.request("GET", path, key, headers={field: key}).status_code == 200
        assert gateway.request("GET", path, headers={field: f"{key}x"}).status_code == 401
        assert gateway.request("GET", path, headers={field: ""}).status_code == 401


def test_different_keys_in_fields_conflict(gateway):
    one, two = gateway.add_user(), gateway.add_user()
    for path in ("/api/recall", "/v1/models"):
        for answer in (gateway.request("GET", path, one, headers={"X-Api-Key": two}),
                       gateway.request("GET", path, headers={"X-Api-Key": two, "Api-Key": one})):
            assert answer.status_code == 400, answer.text
            assert "conflicting_keys" in answer.text
    answer = gateway.request("GET", "/api/recall", headers={"X-Api-Key": one}, params={"user": two})
    assert_error(answer, 400, "conflicting_keys")


# Paths

def test_health_has_two_names(gateway):
    assert gateway.get("/health").json() == gateway.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/chat", "/recall", "/access-token", "/admin", "/admin/add-user"])
def test_a_slash_behind_a_page_leads_to_the_page(gateway, path):
    answer = gateway.get(f"{path}/", a="b")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{path}?a=b")
    assert gateway.get(f"{path}/").headers["location"] == path


def test_a_slash_behind_a_page_keeps_the_base_path(launch):
    gateway = launch("a", base_path="/x/")
    answer = gateway.get("/x/chat/")
    assert (answer.status_code, answer.headers["location"]) == (308, "/x/chat")
    assert gateway.get("/x/chat").status_code == 200


@pytest.mark.parametrize("path", ["//evil.example/", "/evil.example/", "/chat/x/", "/api/chat/", "/%2f/evil.example/"])
def test_no_other_slash_leads_anywhere(gateway, path):
    answer = raw.send(gateway.port, raw.request_bytes("GET", path))
    assert answer.status == 404 and answer.one("Location") is None


def test_a_browser_gets_a_page_where_nothing_is(gateway):
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = gateway.request("GET", "/nothing", headers=browser)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html") and "<h1>" in answer.text
    for path in ("/api/nothing", "/api", "/v1/nothing"):
        answer = gateway.request("GET", path, headers=browser)
        assert answer.status_code == 404 and answer.headers["content-type"] == "application/json"
    assert_error(gateway.get("/nothing"), 404, "not_found")
    assert_error(gateway.request("DELETE", "/chat"), 405, "method_not_allowed")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", [
    "/v1", "/v1/", "/v1/responses", "/v1/embeddings", "/v1/messages", "/v1/completions", "/v1/v1/chat/completions",
    "/v1/chat/completions/", "/v1/engines/x/completions"])
def test_an_unknown_path_of_openai_names_those_that_are(gateway, method, path):
    answer = gateway.request(method, path, gateway.add_user())
    assert answer.status_code == 404, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["type"], error["param"]) == ("unknown_url", "not_found_error", None)
    assert "POST /v1/chat/completions" in error["message"] and "GET /v1/models" in error["message"]
    assert answer.headers["x-should-retry"] == "false"


# Sizes

def test_a_picture_of_5_mb_and_nothing_above_the_limit(gateway, upstream):
    key = gateway.add_user()
    upstream.script({"text": "A picture."}, times=-1)
    for size, status in ((5_000_000, 200), (20_000_000, 200), (26_000_000, 413)):
        picture = base64.b64encode(b"\0" * size).decode()
        answer = gateway.post("/v1/chat/completions", key, model="stub-model", messages=[{
            "role": "user", "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}]}])
        assert answer.status_code == status, answer.text[:200]
        assert status == 200 or answer.json()["error"]["code"] == "body_too_large"
    assert_error(gateway.post("/api/chat", key, prompt="a" * 2_000_000), 413, "body_too_large")


def test_a_thread_of_2000_messages(gateway):
    key = gateway.add_user()
    thread = [{"role": ("user", "assistant")[n % 2], "content": [{"type": "text", "text": f"Message {n}"}]}
              for n in range(2001)]
    answer = gateway.post("/v1/chat/completions", key, model="stub-model", messages=thread)
    assert answer.status_code == 200, answer.text[:200]


def test_the_limit_of_openai_bodies_is_a_setting(launch):
    gateway = launch("a", max_v1_body_bytes=4096)
    key = gateway.add_user()
    answer = gateway.post("/v1/chat/completions", key, messages=[{"role": "user", "content": "a" * 5000}])
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "body_too_large"
    gateway.talk(key, "a" * 5000)


HEADS = {
    "66 KB in three": [("X-A", "a" * 22_000), ("X-B", "a" * 22_000), ("X-C", "a" * 22_000)],
    "66 KB in 66": [(f"X-{n}", "a" * 1000) for n in range(66)],
    "66 KB in 1,000": [(f"X-{n:04}", "a" * 57) for n in range(1000)],
    "62 KB in 2,000": [(f"X-{n:04}", "a" * 21) for n in range(2000)],
    "60 KB in 10,000": [("A", "bc")] * 10_000,
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("path", ["/api/recall", "/v1/models"])
def test_a_head_that_is_too_long(gateway, path, name):
    fields = "".join(f"{name}:{value}\r\n" for name, value in HEADS[name])
    answer = raw.send(gateway.port, f"GET {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode())
    assert answer.status == 431, answer
    assert code_of(answer, path) == "headers_too_large"


def test_a_head_of_50_kb_in_two_fields_is_taken(gateway):
    key = gateway.add_user()
    answer = gateway.request("GET", "/api/recall", key, headers={"X-A": "a" * 28_000, "X-B": "b" * 28_000})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/api/chat", "/v1/models", "/v1?a"])
def test_a_line_that_is_too_long(gateway, path):
    answer = raw.send(gateway.port, raw.request_bytes("GET", f"{path}?a={'b' * 40_000}"))
    assert answer.status == 414
    assert code_of(answer, path) == "uri_too_long"


def code_of(answer: raw.RawAnswer, path: str) -> str:
    """The code of an error in the shape that the path has."""
    body = json.loads(answer.body)
    return (body["error"] if path.startswith("/v1") else body)["code"]
