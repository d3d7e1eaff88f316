"""How much is done, so that the same proof runs in half an hour or in a minute."""

import os


def size(name: str, whole: int, least: int = 1) -> int:
    """The environment variable `name`, else `whole` times SCALE, but never less than `least`."""
    if name in os.environ:
        return int(os.environ[name])
    return max(least, round(whole * float(os.environ.get("SCALE") or 1)))
