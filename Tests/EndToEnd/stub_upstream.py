#!/usr/bin/env python3
"""An OpenAI-compatible upstream for tests: answers by echo, records every request, fails as it is told to.

    stub_upstream.py --accounts key-a,key-b [--models m] [--port N]

prints `ready PORT` and serves 127.0.0.1 until its standard input ends. An account is an API key. Faults come from
a script (`POST /_stub/script`) or from the front of a prompt, as in `[[status:500]] Hello` or
`[[delay_ms:800;close_mid_stream:3]] Hello`; `stub/faults.py` lists them. A chat request of at most 32 tokens is a
request for a title: it is counted apart, and prompts cannot make it fail, only the script can.

Control: `/_stub/log`, `/_stub/state`, `/_stub/reset`, `/_stub/script`.
"""

import argparse
import asyncio
import sys

from stub.connection import Connection
from stub.recorder import Recorder
from stub.service import Service

BACKLOG = 8192


async def serve(arguments: argparse.Namespace) -> None:
    service = Service(
        accounts=arguments.accounts.split(","), models=arguments.models.split(","), recorder=Recorder())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(service), "127.0.0.1", arguments.port, backlog=BACKLOG)
    print("ready", server.sockets[0].getsockname()[1], flush=True)

    # Whoever started this holds the other end; a killed test run leaves nothing behind.
    ended = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(ended), sys.stdin)
    await ended.read()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--accounts", required=True, help="API keys that are accepted, separated by commas")
    options.add_argument("--models", default="stub-model")
    options.add_argument("--port", type=int, default=0)
    asyncio.run(serve(options.parse_args()))


if __name__ == "__main__":
    main()
