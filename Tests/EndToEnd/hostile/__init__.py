"""The table of bad requests, by topic."""

from . import methods, paths
from .bad import Bad

TOPICS = (methods, paths)
TABLE: list[tuple[str, Bad]] = [
    (topic.__name__.rpartition(".")[2], row) for topic in TOPICS for row in topic.ROWS
]
