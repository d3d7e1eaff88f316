"""The people of the table: users, clients, an admin, keys that ended, conversations of one of them."""

import string
import zlib

from harness.gateway import Gateway, new_id


def make_cast(gateway: Gateway) -> dict[str, str]:
    """The values that the table's `<name>`s stand for, by name; keys end in `_key`."""
    ids = {name: new_id() for name in ("user", "other", "client", "client_user", "rival", "rival_user", "disabled")}
    cast = {name: value for name, value in ids.items()}
    cast["user_key"] = gateway.add_user(ids["user"])
    cast["other_key"] = gateway.add_user(ids["other"])
    cast["client_key"] = gateway.add_client(ids["client"])
    cast["client_user_key"] = gateway.add_user(ids["client_user"], creator=cast["client_key"])
    cast["rival_key"] = gateway.add_client(ids["rival"])
    cast["rival_user_key"] = gateway.add_user(ids["rival_user"], creator=cast["rival_key"])
    cast["admin_key"] = gateway.admin_key
    cast["unknown_key"] = well_formed_key("A" * 32)

    cast["disabled_key"] = gateway.add_user(ids["disabled"])
    succeed(gateway.post("/api/client/update-user", gateway.admin_key, user_id=ids["disabled"], disabled=True))
    succeed(gateway.post(
        "/api/client/add-user", cast["client_key"], user_id=f"{ids['client']}-off", username="Off"))
    succeed(gateway.post(
        "/api/client/update-user", cast["client_key"], user_id=f"{ids['client']}-off", disabled=True))

    removed = new_id()
    cast["removed_key"] = gateway.add_user(removed)
    succeed(gateway.post("/api/client/remove-user", gateway.admin_key, user_id=removed))
    rotated = new_id()
    cast["rotated_key"] = gateway.add_user(rotated)
    answer = succeed(gateway.post("/api/client/rotate-key", gateway.admin_key, user_id=rotated))
    gateway.secrets.keep(answer.json()["api_key"])

    cast["conversation"] = gateway.talk(cast["user_key"], "Mine")["conversation_id"]
    cast["other_conversation"] = gateway.talk(cast["other_key"], "Private words of another")["conversation_id"]
    cast["rival_conversation"] = gateway.talk(cast["rival_user_key"], "Private words of a rival")["conversation_id"]
    return cast


def well_formed_key(random: str) -> str:
    """A key that is right in form and checksum, and nobody's."""
    check, digits = zlib.crc32(random.encode()), ""
    for _ in range(6):
        check, digit = divmod(check, 62)
        digits = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[digit] + digits
    return f"sk-cas-{random}{digits}"


def succeed(answer):
    assert answer.status_code == 200, answer.text
    return answer
