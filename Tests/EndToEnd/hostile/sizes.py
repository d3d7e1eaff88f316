"""More than the server takes."""

from .bad import FORM, JSON, MULTIPART, Bad

LIMIT = 1024 * 1024
DISPOSITION = b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'


def too_large(name: str, **more) -> Bad:
    return Bad(name, 413, "body_too_large", **more)


ROWS = [
    too_large("JSON", body=b'{"prompt":"' + b"a" * LIMIT + b'"}', content_type=JSON),
    too_large("white space around JSON", body=b" " * LIMIT + b"{}", content_type=JSON),
    too_large("a form", body=b"prompt=" + b"a" * LIMIT, content_type=FORM),
    too_large("parts", body=DISPOSITION + b"a" * LIMIT + b"\r\n--b--\r\n", content_type=MULTIPART),
    too_large("a body of another kind", body=b"a" * (LIMIT + 1), content_type="text/plain"),
    too_large("a body of 20 MiB", body=b"a" * (20 * LIMIT), content_type=JSON),
    too_large("a body without a key", body=b"a" * (LIMIT + 1), content_type=JSON, who=None),
    too_large("a body of the OpenAI API", body=b"a" * (32 * LIMIT + 1), content_type=JSON,
              path="/v1/chat/completions"),
    too_large("a length of the OpenAI API", fields=(("Content-Length", str(32 * LIMIT + 1)),), body=b"x",
              content_type=JSON, path="/v1/chat/completions"),
    too_large("a body for no path", body=b"a" * (LIMIT + 1), content_type=JSON, path="/api/nothing"),
    too_large("a body with GET", body=b"a" * (LIMIT + 1), content_type=JSON, method="GET"),
    too_large("a length of 1 TiB", fields=(("Content-Length", str(2**40)),), body=b"x", content_type=JSON),
    too_large("a length of 63 bits", fields=(("Content-Length", str(2**63 - 1)),), body=b"x", content_type=JSON),
    too_large("pieces", fields=(("Transfer-Encoding", "chunked"),), content_type=JSON,
              body=b"10000\r\n" + (b"a" * 0x10000 + b"\r\n10000\r\n") * 17),
    too_large("a page's form", body=b"prompt=" + b"a" * LIMIT, content_type=FORM, path="/chat", shape="page"),
]
