"""The wire formats of the backend through its life, as sets of properties."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Era:
    """What a request must look like in an era, and what the stream looks like."""

    name: str
    needs_role: bool = False
    """Messages carry a flat `role`, and the stream too."""
    needs_author: bool = True
    """Messages must carry `author`; if neither this nor `needs_role`, either of the two will do."""
    allows_empty_parent: bool = False
    allows_null_metadata: bool = True
    has_continue: bool = True
    has_status: bool = True
    echoes_prompt: bool = True
    """A new conversation starts with a system message, every turn with an echo of the prompt."""
    finishes_early: bool = True
    """`finish_details` says `stop` from the middle of the reply on, although the reply goes on."""
    has_stop_tokens: bool = False
    has_moderation: bool = False
    has_plain_list: bool = False
    """The list of conversations has only `id`, `title` and `create_time` without a zone."""
    max_tokens: int = 8191
    hands_off: bool = False
    """The answer is a JSON object that names a websocket."""
    has_delta: bool = False
    """A request with `supported_encodings` of `v1` gets deltas."""


ERAS: dict[str, Era] = {
    era.name: era
    for era in (
        Era(
            "2023-02", needs_role=True, needs_author=False, allows_empty_parent=True, has_continue=False,
            has_status=False, echoes_prompt=False, finishes_early=False, has_plain_list=True, max_tokens=4097,
        ),
        Era(
            "2023-03", needs_author=False, has_continue=False, has_status=False, echoes_prompt=False,
            finishes_early=False, has_plain_list=True, max_tokens=4097,
        ),
        Era("2023-06"),
        Era("2023-12", allows_null_metadata=False, finishes_early=False, has_stop_tokens=True, has_moderation=True),
        Era("2024-ws", allows_null_metadata=False, finishes_early=False, has_stop_tokens=True, has_moderation=True,
            hands_off=True),
        Era("2024-delta", allows_null_metadata=False, finishes_early=False, has_stop_tokens=True, has_moderation=True,
            has_delta=True),
    )
}

DEFAULT_ERA = "2023-06"
