"""Starts the simulator: `python3 -m simulator --port 0 --fixture accounts.json`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from .accounts import Fixture
from .connection import Connection
from .eras import ERAS
from .routes import Router
from .world import World


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulator", description="A simulated ChatGPT web backend on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--fixture", type=Path, required=True, help="accounts, settings and era as JSON")
    parser.add_argument("--era", choices=list(ERAS), help="the era to begin with")
    parser.add_argument("--ignore-stdin", action="store_true", help="go on after the end of standard input")
    options = parser.parse_args()
    try:
        fixture = Fixture.read(options.fixture)
        if (options.era or fixture.era) not in (None, *ERAS):
            raise ValueError(f"unknown era {fixture.era}")
        world = World(fixture, options.era)
    except (OSError, ValueError) as error:
        print(f"simulator: {options.fixture}: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(serve(world, options.port, not options.ignore_stdin))
    except OSError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    return 0


async def serve(world: World, port: int, ends_with_stdin: bool) -> None:
    """Serves on loopback until a signal, the end of standard input or the end of the parent process."""
    loop = asyncio.get_running_loop()
    router = Router(world)
    server = await loop.create_server(lambda: Connection(router.answer), "127.0.0.1", port, backlog=1024)
    bound = server.sockets[0].getsockname()[1]
    world.origin = f"http://127.0.0.1:{bound}"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if ends_with_stdin:
        threading.Thread(target=_await_end_of_stdin, args=(loop, stop), daemon=True).start()
    watch = loop.create_task(_await_parent(os.getppid(), stop, ends_with_stdin))
    print(f"ready {bound}", flush=True)
    await stop.wait()
    watch.cancel()
    server.close()


def _await_end_of_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    try:
        loop.call_soon_threadsafe(stop.set)
    except RuntimeError:
        pass  # The loop has ended already.


async def _await_parent(parent: int, stop: asyncio.Event, is_watching: bool) -> None:
    """Ends the server when another process has taken the parent's place.

    PR_SET_PDEATHSIG would fire at the end of the thread that started us, not of its process.
    """
    while is_watching:
        await asyncio.sleep(0.5)
        if os.getppid() != parent:
            stop.set()
            return


if __name__ == "__main__":
    sys.exit(main())
