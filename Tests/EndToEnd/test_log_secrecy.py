"""Whatever callers do with their secrets, no log and no file outside of the archive holds them.

Leaving a gateway searches all its files for every secret that was kept here: see harness/secrets.py.
"""

import base64
from urllib.parse import quote

import pytest

from harness import raw
from harness.process import eventually
from harness.secrets import stands_in

PROMPT = "The patient in room 12 is called Ann; 50 % of \"her\" blood is gone"
PASSWORD = "Pass word/of+Ann&50%=\"so\" Ünsafe"
TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEyMzQ1Njc4OSJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLWFubg"


@pytest.fixture
def secret(gateway) -> dict[str, str]:
    gateway.secrets.keep_prompt(PROMPT)
    return {
        "key": gateway.add_user(), "prompt": PROMPT,
        "password": gateway.secrets.keep_credential(PASSWORD), "token": gateway.secrets.keep_credential(TOKEN),
    }


@pytest.mark.parametrize("where", ["as it is {}", "in a URL user={}&a=1", 'in "JSON {}"'])
def test_the_search_finds_every_spelling(where):
    for secret in (PROMPT, PASSWORD, TOKEN):
        for spelling in (secret, quote(secret), quote(secret, safe="")):
            assert stands_in(where.format(spelling).encode(), secret)
        for before in ("", "a", "ab", "abc"):
            assert stands_in(base64.b64encode(f"{before}{secret}after".encode()), secret)
        assert not stands_in(where.encode(), secret)


@pytest.mark.parametrize("what", ["key", "prompt", "password", "token"])
def test_a_secret_in_any_part_of_a_request_is_logged_nowhere(gateway, secret, what):
    text = quote(secret[what], safe="")
    latin = secret[what].encode().decode("latin-1")
    before = log_size(gateway)

    for target in [
        f"/{text}", f"/api/{text}", f"/v1/models/{text}", f"/api/chat?user={text}", f"/api/chat?prompt={text}",
        f"/api/chat%3Fuser={text}", f"/api/chat;user={text}", f"/api/chat?x={text}&x={text}", f"/api/chat?{text}",
        f"/api/recall?%75ser={text}", f"/api/access-token?email=a%40b.example&password={text}", f"/chat?{text}",
        f"/assets/{text}", f"/assets/style.css?{text}", f"/lib/{text}.js", f"/_pages/{text}", f"//{text}",
        f"/api/chat%0a{text}", f"/api/chat%00{text}", f"/../{text}", f"http://gateway.example/api/chat?user={text}",
        f"/api/chat?user={text}{'a' * 40_000}", f"/{text}{'a' * 40_000}",
    ]:
        raw.send(gateway.port, raw.request_bytes("GET", target))
    for name in ("Authorization", "Cookie", "Referer", "User-Agent", "X-Forwarded-For", "X-Request-Id", "Origin",
                 "Host", "Idempotency-Key", "Content-Type", "Accept-Language", "X-Own-Field", "Upgrade", "Expect"):
        for value in (latin, f"Bearer {latin}", f"http://gateway.example/chat?user={text}"):
            raw.send(gateway.port, raw.request_bytes("POST", "/api/chat", [(name, value)], b"{}"))
    for line in (f"{latin} / HTTP/1.1", f"GET / {latin}", f"GET /?{text} HTTP/9.9", latin, f"GET /?{text}"):
        raw.send(gateway.port, line.encode("latin-1") + b"\r\nHost: a\r\nConnection: close\r\n\r\n")
    for kind, body in {
        "application/json": f'{{"prompt":"{latin}', "application/x-www-form-urlencoded": f"user={latin}&password=%",
        "multipart/form-data; boundary=b": f"--b\r\n{latin}", "text/plain": latin,
    }.items():
        raw.send(gateway.port, raw.request_bytes(
            "POST", "/api/chat", [("Content-Type", kind)], body.encode("latin-1")))

    # The search at the end means something only if all of this was logged at all.
    eventually(lambda: log_size(gateway) > before + 20_000, "all of it is logged")


def test_secrets_in_good_requests_are_logged_nowhere(gateway, secret):
    key = secret["key"]
    gateway.talk(key, PROMPT)
    gateway.talk(key, PROMPT, system=PASSWORD, access_token=None)
    gateway.get("/api/chat", user=key, prompt=PROMPT)
    gateway.request("POST", "/api/chat", data={"user": key, "prompt": PROMPT, "stream": "true"})
    gateway.request("POST", "/chat", files={"api_key": (None, key), "prompt": (None, PROMPT)})
    gateway.post("/v1/chat/completions", key, messages=[{"role": "user", "content": PROMPT}])
    gateway.post("/api/render", key, markdown=PROMPT)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_an_upstream_that_repeats_prompt_and_key_is_not_logged(launch, upstream, status):
    gateway = launch("a", workers=1)
    gateway.secrets.keep_prompt(PROMPT)
    key = gateway.add_user()
    said = f"no good: {PROMPT} {TOKEN} for sk-upstream-a-0123456789abcdef"
    gateway.secrets.keep_credential(TOKEN)
    upstream.script({"status": status, "body": {"error": {"message": said, "code": said, "type": said}}}, times=-1)

    answer = gateway.chat(key, PROMPT)

    assert answer.status_code in (400, 404, 429, 502), answer.text
    assert TOKEN not in answer.text and "sk-upstream" not in answer.text


def test_settings_with_mistakes_are_refused_without_their_secrets(gateway, tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(
        '{"openai":{"instances":[{"id":"a b","kind":"none","api_key":"sk-of-the-operator-1","password":"' + TOKEN
        + '","proxy":"socks5://ann:S3cret-of-proxy@h:99999","base_url":"https://u:S3cret-of-url@h/v1?k=S3cret"}]}}')

    result = gateway.cli("check-settings", "--settings", file, is_checked=False)

    assert result.returncode != 0
    for secret in ("sk-of-the-operator", TOKEN, "S3cret"):
        assert secret not in result.stdout + result.stderr


def log_size(gateway) -> int:
    return sum(file.stat().st_size for file in [*gateway.logs.iterdir(), *gateway.nginx_folder.glob("**/*.log")])
