"""Every refusal of the backend by status and name, as `status:N:name` in a fault."""

from __future__ import annotations

import json
from typing import Any

from .http_message import Response

EDGE = [("Server", "cloudflare")]


def _detail(message: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    return {"detail": {"message": message, "type": "invalid_request_error", "param": None, "code": code, **more}}


def _page(title: str, text: str = "") -> str:
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1>{text}</body></html>\n"


JSON_BODIES: dict[int, dict[str, Any]] = {
    400: {"bad": {"detail": "Bad request"}},
    401: {
        "token_expired": _detail(
            "Your authentication token has expired. Please try signing in again.", "token_expired"
        ),
        "invalid_jwt": _detail("Could not parse your authentication token. Please sign in again.", "invalid_jwt"),
        "invalid_jwt_text": {"detail": "Could not parse your authentication token. Please sign in again."},
        "invalid_api_key": _detail("The key that was presented is not known.", "invalid_api_key"),
        "invalid_token": _detail("The token that was presented is not valid.", "invalid_token"),
        "expired_session_key": _detail("The session of this token is over.", "expired_session_key"),
        "missing": _detail("Unauthorized - Access token is missing"),
        "deactivated": _detail("This account has been deactivated.", "account_deactivated"),
    },
    403: {
        "unusual": {
            "detail": "Our systems have detected unusual activity from your system. Please try again later."
        },
        "forbidden": {"detail": "forbidden"},
        "country": _detail("This country is not served.", "unsupported_country_region_territory"),
    },
    404: {
        "conversation": {"detail": "Conversation not found"},
        "conversation_code": _detail("Conversation not found", "conversation_not_found"),
    },
    413: {
        "length": _detail("The message you submitted was too long.", "message_length_exceeds_limit"),
    },
    422: {
        "shape": {
            "detail": [{
                "loc": ["body", "messages", 0, "metadata"], "msg": "none is not an allowed value",
                "type": "type_error.none.not_allowed",
            }]
        },
    },
    429: {
        "busy": {"detail": "Only one message at a time. Wait for the other reply, or for one minute."},
        "hour": {"detail": "Too many requests in 1 hour. Try again later."},
        "slow_down": {"detail": "Too many requests, please slow down"},
        "overload": _detail("We're currently processing too many requests. Try again in a while."),
        "reload": {"detail": "Something went wrong, please try reloading the conversation."},
        "cap": {
            "detail": {
                "message": "You have sent too many messages to the model. Please try again later.",
                "code": "model_cap_exceeded", "clears_in": 5400,
            }
        },
        "error_string": {"error": "Too many requests"},
        "error_object": {"error": {"message": "Too many requests", "code": "rate_limited"}},
    },
    500: {"wrong": {"detail": "Hmm...something seems to have gone wrong."}},
}

HTML_BODIES: dict[int, dict[str, tuple[str, list[tuple[str, str]]]]] = {
    403: {
        "challenge": (
            _page("Just a moment...", '<div id="cf-chl-widget"></div><p id="no-cookie-warning">Cookies are off</p>'),
            [*EDGE, ("cf-mitigated", "challenge")],
        ),
        "1020": (_page("Access denied", '<div id="cf-error-details">Error code 1020</div>'), EDGE),
        "blocked_page": (_page("Unavailable", '<div class="message">Not available from here</div>'), []),
    },
    404: {"html": (_page("404 Not Found", "<center>nginx</center>"), [])},
    502: {"html": (_page("502 Bad Gateway"), EDGE)},
    503: {"html": (_page("503", "<p>The service is at capacity right now</p>"), EDGE)},
    504: {"html": (_page("504 Gateway Timeout"), EDGE)},
    520: {"html": (_page("520: Web server returned an unknown error"), EDGE)},
    521: {"html": (_page("521: Web server is down"), EDGE)},
    522: {"html": (_page("522: Connection timed out"), EDGE)},
    523: {"html": (_page("523: Origin is unreachable"), EDGE)},
    524: {"html": (_page("simulated | 524: A timeout occurred"), EDGE)},
}

TEXT_BODIES: dict[int, dict[str, str]] = {
    403: {"1020_text": "error code: 1020"},
    500: {"text": "Internal Server Error"},
}

DEFAULTS: dict[int, str] = {
    400: "bad", 401: "token_expired", 403: "challenge", 404: "conversation", 413: "length", 422: "shape",
    429: "hour", 500: "wrong",
}


def refusal(status: int, body: str = "") -> Response:
    """The answer for a status and the name of a body.

    An empty `body` is the usual one of the status, `empty` none at all, `cap=60` the cap that clears in 60 s. Text that
    begins with a bracket is sent as JSON, the body of a redirect is its target, anything else goes out as plain text.
    """
    name = body or DEFAULTS.get(status, "html")
    if 300 <= status < 400:
        return Response.redirect(body if body else "/web/auth/login", status=status)
    if name == "empty":
        return Response(status)
    if name.startswith("cap=") and name[4:].isdigit():
        value = json.loads(json.dumps(JSON_BODIES[429]["cap"]))
        value["detail"]["clears_in"] = int(name[4:])
        return Response.of_json(value, status)
    if name in JSON_BODIES.get(status, {}):
        return Response.of_json(JSON_BODIES[status][name], status)
    if name in HTML_BODIES.get(status, {}):
        text, headers = HTML_BODIES[status][name]
        return Response.of_html(text, status, headers)
    if name in TEXT_BODIES.get(status, {}):
        return Response.of_text(TEXT_BODIES[status][name], status)
    if name == "html":
        return Response.of_html(_page(str(status)), status)
    if name[0] in "{[":
        return Response(status, name.encode(), [("Content-Type", "application/json")])
    return Response.of_text(name, status)


def unknown_conversation(conversation_id: str) -> Response:
    """The 404 of reading or changing a conversation that is not there or not the caller's."""
    return Response.of_json({"detail": f"Can't load conversation {conversation_id}"}, 404)
