"""Compares what a person knows with what the gateway says, and settles what was in doubt."""

from .person import DOUBT, NO, YES, Person, Thread


def losses(person: Person) -> list[str]:
    """What was acknowledged to `person` and is not so."""
    gateway = person.gateway
    found = [f"a revoked key of {person.user_id} works" for key in person.revoked if status(person, key) != 401]
    person.revoked = []
    if person.is_there == YES and not person.is_key_in_doubt:
        found += losses_of_user(person)
    elif person.is_there == DOUBT or person.is_key_in_doubt:
        settle(person)
    person.is_changed = False
    return [f"{words} ({gateway.state})" for words in found]


def status(person: Person, key: str) -> int:
    return person.gateway.get("/api/recall", key).status_code


def losses_of_user(person: Person) -> list[str]:
    gateway, key = person.gateway, person.key
    answer = gateway.get("/api/recall", key, limit=1000)
    if answer.status_code != 200:
        person.is_there = DOUBT
        return [f"the key of {person.user_id} gives {answer.status_code}: {answer.text}"]
    found = []
    if person.name:
        name = gateway.get("/api/whoami", key).json().get("username")
        found += [] if name == person.name else [f"{person.user_id} is named {name!r}, not {person.name!r}"]
    listed = answer.json()
    for identity, thread in list(person.threads.items()):
        if thread.is_there == YES and identity not in listed:
            found.append(f"conversation {identity} of {person.user_id} is not listed")
        found += losses_of_thread(person, identity, thread)
    return found


def losses_of_thread(person: Person, identity: str, thread: Thread) -> list[str]:
    answer = person.gateway.get("/api/recall", person.key, conversation_id=identity)
    if answer.status_code == 404 and thread.is_there != YES or thread.is_there == DOUBT and answer.status_code == 200:
        del person.threads[identity]
        return []
    if thread.is_there == NO or answer.status_code != 200:
        del person.threads[identity]
        return [f"conversation {identity} gives {answer.status_code}, there: {thread.is_there}: {answer.text[:200]}"]
    stored = [turn["prompt"] for message in answer.json()["messages"] for turn in message.values()]
    known = [prompt for prompt in stored if prompt not in thread.doubtful]
    expected, thread.prompts, thread.doubtful = thread.prompts, stored, []
    if known == expected:
        return []
    return [f"conversation {identity} has {len(known)} turns of {len(expected)} acknowledged: {known} {expected}"]


def settle(person: Person) -> None:
    """Removes what nobody knows the state of; the next user has another id."""
    answer = person.gateway.post("/api/client/remove-user", person.gateway.admin_key, user_id=person.user_id)
    if answer.status_code in (200, 404):
        person.revoked += [person.key] if person.key else []
        fresh = Person(person.gateway, person.chance)
        person.user_id, person.is_there, person.key = fresh.user_id, NO, ""
        person.is_key_in_doubt, person.threads = False, {}
