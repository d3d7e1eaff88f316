"""Conversations as trees of messages, as the backend keeps them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .accounts import Account

FRESH_TITLE = "New chat"


@dataclass
class Node:
    """One message in a tree; the root has no author and no text."""

    id: str
    parent: str | None
    role: str = ""
    parts: list[str] | None = None
    created: float = 0
    status: str = "finished_successfully"
    end_turn: bool | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """The node as `GET conversation/{id}` gives it."""
        message: dict[str, Any] | None = None
        if self.role:
            message = {
                "id": self.id,
                "author": {"role": self.role, "metadata": {}},
                "create_time": self.created,
                "content": {"content_type": "text", "parts": self.parts or []},
                "status": self.status,
                "weight": 0.0 if self.role == "system" else 1.0,
                "metadata": self.metadata,
                "recipient": "all",
            }
            if self.end_turn is not None:
                message["end_turn"] = self.end_turn
        return {"id": self.id, "message": message, "parent": self.parent, "children": self.children}


@dataclass
class Conversation:
    """A tree, whose it is, and what a cut reply still has to say."""

    account: Account
    root_id: str
    created: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    title: str | None = None
    updated: float = 0
    is_visible: bool = True
    is_temporary: bool = False
    nodes: dict[str, Node] = field(default_factory=dict)
    current: str = ""
    cut_node: str | None = None
    """The message that the length limit cut."""
    pending: list[str] = field(default_factory=list)
    """The pieces that follow it; the last one ends the reply."""
    endless_pieces: int = -1
    """How many pieces of an endless reply were given; -1: the reply has an end."""
    title_faults: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nodes[self.root_id] = Node(self.root_id, None)
        self.current = self.root_id
        self.updated = self.created

    def add(self, node: Node) -> Node:
        """Hangs a node below its parent, which must be in the tree, and makes it the current one."""
        assert node.parent is not None
        self.nodes[node.id] = node
        self.nodes[node.parent].children.append(node.id)
        self.current = node.id
        self.updated = node.created
        return node

    def take_piece(self) -> tuple[str, bool] | None:
        """The next piece of a cut reply and whether that is cut too; nothing if no reply was cut."""
        if self.endless_pieces >= 0:
            self.endless_pieces += 1
            return f" More {self.endless_pieces}.", True
        if not self.pending:
            return None
        return self.pending.pop(0), bool(self.pending)

    def turn_number(self, node_id: str) -> int:
        """How many user messages lead from the root to a node, the node included."""
        count = 0
        node = self.nodes.get(node_id)
        while node is not None:
            count += node.role == "user"
            node = self.nodes.get(node.parent) if node.parent is not None else None
        return count

    def listed(self, is_plain: bool) -> dict[str, Any]:
        """The conversation as a row of the list; times are texts here."""
        title = self.title or FRESH_TITLE
        created = datetime.fromtimestamp(self.created, timezone.utc)
        if is_plain:
            return {"id": self.id, "title": title, "create_time": created.replace(tzinfo=None).isoformat()}
        updated = datetime.fromtimestamp(self.updated, timezone.utc)
        return {
            "id": self.id, "title": title, "create_time": created.isoformat(), "update_time": updated.isoformat(),
            "mapping": None, "current_node": None,
        }

    def tree(self) -> dict[str, Any]:
        return {
            "title": self.title or FRESH_TITLE,
            "create_time": self.created,
            "update_time": self.updated,
            "mapping": {node.id: node.shown() for node in self.nodes.values()},
            "moderation_results": [],
            "current_node": self.current,
        }

    def summary(self) -> dict[str, Any]:
        """What tests ask about: whose it is, how long, and whether it forked."""
        return {
            "id": self.id, "account": self.account.email, "title": self.title, "visible": self.is_visible,
            "turns": self.turn_number(self.current), "current_node": self.current,
            "branches": sum(len(node.children) > 1 for node in self.nodes.values()),
        }


@dataclass
class Archive:
    """All conversations by id."""

    by_id: dict[str, Conversation] = field(default_factory=dict)

    def find(self, conversation_id: str, account: Account) -> Conversation | None:
        """A conversation that is visible and belongs to the account."""
        found = self.by_id.get(conversation_id)
        return found if found is not None and found.account is account and found.is_visible else None

    def of(self, account: Account) -> list[Conversation]:
        """The account's list, newest first."""
        mine = [c for c in self.by_id.values() if c.account is account and c.is_visible and not c.is_temporary]
        return sorted(mine, key=lambda each: each.updated, reverse=True)
