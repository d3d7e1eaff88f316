"""Requests from a process of its own, on kept connections, as fast as Python can."""

import http.client
import json


class Caller:
    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.requests = 0

    def ask(self, path: str, key: str, **members) -> tuple[int, dict]:
        """Status and JSON of a POST."""
        self.requests += 1
        body = json.dumps(members).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        for attempt in (1, 2):
            try:
                self.connection.request("POST", path, body, headers)
                answer = self.connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # nginx closes a kept connection after some hundred requests, perhaps just now.
                self.connection.close()
                if attempt == 2:
                    raise
        raise AssertionError
