"""The commands beside `serve`, and that workers see at once what they did."""

import json
import stat

import pytest

from harness.answers import assert_error
from harness.gateway import new_id


def test_users_are_added_listed_rotated_and_removed(gateway):
    user_id = new_id()
    state = ("--state-dir", gateway.state)

    key = gateway.secrets.keep(gateway.cli(
        "users", "add", *state, "--user-id", user_id, "--username", "Ada", "--plus").stdout.rstrip("\n"))
    assert key.startswith("sk-cas-") and "\n" not in key
    gateway.talk(key, "Hi", plus=True)

    listed = gateway.cli("users", "list", *state, "--json").stdout
    assert user_id in listed and key not in listed

    new = gateway.secrets.keep(gateway.cli("users", "rotate-key", *state, "--user-id", user_id).stdout.strip())
    assert_error(gateway.get("/api/recall", key), 401)
    assert gateway.get("/api/recall", new).status_code == 200

    gateway.cli("users", "remove", *state, "--user-id", user_id)
    assert_error(gateway.get("/api/recall", new), 401)


@pytest.mark.parametrize("number", [0, 129])
def test_a_number_of_workers_out_of_range_is_refused_with_the_range(gateway, number):
    for command in (
        ("serve", "--state-dir", gateway.state, "--socket", gateway.state / "other.sock"),
        ("nginx-config", "--socket", "/run/other.sock", "--www", "/tmp", "--prefix", "/tmp"),
    ):
        result = gateway.cli(*command, "--settings", "settings.json", "--workers", number, is_checked=False)

        assert result.returncode != 0 and "--workers must be from 1 to 128." in result.stderr


def test_a_user_that_exists_is_not_added_again(gateway):
    user_id = new_id()
    gateway.add_user(user_id)

    result = gateway.cli(
        "users", "add", "--state-dir", gateway.state, "--user-id", user_id, "--username", "Ada", is_checked=False)

    assert result.returncode != 0 and result.stderr.strip() and not result.stdout.strip()


def test_a_client_made_on_the_command_line_keeps_users(gateway):
    key = gateway.secrets.keep(gateway.cli(
        "users", "add", "--state-dir", gateway.state, "--user-id", new_id(), "--username", "Bot", "--role",
        "client").stdout.strip())

    gateway.talk(gateway.add_user(creator=key), "Hi")


def test_settings_are_checked_with_all_problems_at_once(gateway, tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({
        "openai": {"instances": [{"id": "a b", "kind": "openai"}]}, "api_server": {"port": 70000, "host": 7}}))

    result = gateway.cli("check-settings", "--settings", file, is_checked=False)

    assert result.returncode != 0
    report = result.stdout + result.stderr
    for place in ("openai.instances[0].id", "openai.instances[0].base_url", "api_server.port", "api_server.host"):
        assert place in report, report


def test_the_shipped_settings_are_valid(gateway):
    from harness.gateway import ROOT

    gateway.cli("check-settings", "--settings", ROOT / "settings.json")


@pytest.mark.parametrize("arguments", [[], ["users"], ["serve"], ["nginx-config"], ["users", "add"]])
def test_every_command_explains_itself(gateway, arguments):
    result = gateway.cli(*arguments, "--help")

    assert "USAGE" in result.stdout


def test_the_socket_is_for_nginx_alone(gateway):
    assert stat.S_IMODE(gateway.socket.stat().st_mode) == 0o660
