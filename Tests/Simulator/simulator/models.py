"""Which models an account may use, and how the backend lists them."""

from __future__ import annotations

from typing import Any

from .accounts import Account
from .eras import Era

DEFAULT_MODEL = "text-davinci-002-render-sha"


def slugs(account: Account, era: Era) -> list[str]:
    """The models of an account, its default first."""
    if not account.plus:
        return [DEFAULT_MODEL]
    older = ["text-davinci-002-render-paid"] if era.name < "2023-06" else []
    return [DEFAULT_MODEL, *older, "gpt-4"]


def answering(account: Account, era: Era, wanted: str) -> str:
    """The model that really answers: a model without the right to it is silently replaced by the default."""
    return wanted if wanted in slugs(account, era) else DEFAULT_MODEL


def listing(account: Account, era: Era) -> dict[str, Any]:
    listed = []
    for slug in slugs(account, era):
        is_gpt4 = slug.startswith("gpt-4")
        listed.append({
            "slug": slug, "max_tokens": 4095 if is_gpt4 else era.max_tokens,
            "title": "GPT-4" if is_gpt4 else "Default (GPT-3.5)", "description": "A simulated model",
            "tags": ["gpt4" if is_gpt4 else "gpt3.5"], "capabilities": {},
        })
    answer: dict[str, Any] = {"models": listed}
    if era.name >= "2023-06":
        rows = [("gpt_3.5", "GPT-3.5", "free", DEFAULT_MODEL)]
        if account.plus:
            rows.append(("gpt_4", "GPT-4", "plus", "gpt-4"))
        names = ("category", "human_category_name", "subscription_level", "default_model")
        answer["categories"] = [dict(zip(names, row, strict=True)) for row in rows]
    return answer
