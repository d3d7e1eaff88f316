"""The table of bad requests, by topic."""

from . import (
    archive, chat, completions, desks, forms, headers, json_bodies, keys, methods, origins, others, paths, sizes, users)
from .bad import Bad

TOPICS = (
    methods, paths, headers, sizes, keys, origins, json_bodies, forms, chat, archive, users, desks, completions, others)
TABLE: list[tuple[str, Bad]] = [
    (topic.__name__.rpartition(".")[2], row) for topic in TOPICS for row in topic.ROWS
]
