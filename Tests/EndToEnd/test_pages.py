"""The browser's pages, as they work without JavaScript, and what nginx says itself."""

import pytest

from harness.answers import assert_error


@pytest.mark.parametrize("path", ["/chat", "/recall", "/access-token", "/admin/add-user"])
def test_a_page_is_there(gateway, path):
    answer = gateway.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<form" in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_a_posted_form_is_answered_with_a_page(gateway):
    key = gateway.add_user()

    answer = gateway.request("POST", "/chat", data={"api_key": key, "prompt": "Some **bold** text"})

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "<strong>bold</strong>" in answer.text and key not in answer.text


def test_a_form_of_another_site_is_refused(gateway, upstream):
    form = {"api_key": gateway.add_user(), "prompt": "Hi"}

    refused = gateway.request("POST", "/chat", data=form, headers={"Origin": "https://evil.example"})
    own = gateway.request("POST", "/chat", data=form, headers={"Origin": gateway.url})

    assert (refused.status_code, own.status_code) == (403, 200)
    assert len(upstream.requests()) == 1


def test_an_unknown_path_is_not_found(gateway):
    assert_error(gateway.get("/api/nothing"), 404)


def test_a_wrong_method_is_told_the_right_ones(gateway):
    answer = gateway.request("PUT", "/api/chat", gateway.add_user(), json={"prompt": "Hi"})

    assert_error(answer, 405)
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/settings.json", "/../settings.json", "/assets/../../settings.json", "/.git/config",
                                  "/assets/%2e%2e/%2e%2e/state/admin-key.txt", "/_pages/chat.html"])
def test_nothing_else_of_the_disk_is_served(gateway, path):
    answer = gateway.request("GET", path)

    assert answer.status_code in (400, 403, 404), answer.text


def test_nobody_learns_which_versions_run(gateway):
    assert gateway.get("/chat").headers["server"] == "nginx"
