"""The table of bad requests, by topic."""

from . import chat, forms, json_bodies, keys, methods, paths, users
from .bad import Bad

TOPICS = (methods, paths, keys, json_bodies, forms, chat, users)
TABLE: list[tuple[str, Bad]] = [
    (topic.__name__.rpartition(".")[2], row) for topic in TOPICS for row in topic.ROWS
]
