"""Forms, of both kinds and in queries, that are broken or could be read in two ways."""

from .bad import FORM, MULTIPART, Bad


def form(name: str, body: bytes, parameter: str | None = None) -> Bad:
    return Bad(f"form: {name}", 400, "malformed_request", parameter, body=body, content_type=FORM)


def query(name: str, text: str, parameter: str | None = None) -> Bad:
    return Bad(f"query: {name}", 400, "malformed_request", parameter, method="GET", path=f"/api/chat?{text}")


def parts(name: str, body: bytes, content_type: str = MULTIPART, parameter: str | None = None) -> Bad:
    return Bad(f"parts: {name}", 400, "malformed_request", parameter, body=body, content_type=content_type)


def part(head: bytes, value: bytes) -> bytes:
    return b"--b\r\n" + head + b"\r\n\r\n" + value + b"\r\n--b--\r\n"


DISPOSITION = b'Content-Disposition: form-data; name="prompt"'

ROWS = [
    form("a percent sign alone", b"prompt=%"),
    form("half an escape", b"prompt=Hi%4"),
    form("an escape with a sign", b"prompt=%+1"),
    form("an escape with a space", b"prompt=% 1"),
    form("an escape of IIS", b"prompt=%u0041"),
    form("a broken escape in a name", b"%zz=1&prompt=Hi"),
    form("an escape across two parameters", b"prompt=%4&a=1"),
    form("a slash in too many bytes", b"prompt=%c0%af"),
    form("a surrogate", b"prompt=%ed%a0%80"),
    form("Latin-1", "prompt=é".encode("latin-1")),
    form("Latin-1, escaped", b"prompt=%e9"),
    form("no UTF-8 in a name", b"%ff=1&prompt=Hi"),
    form("half a character at the end", b"prompt=%e2%82"),
    form("a NUL", b"prompt=a%00b", "prompt"),
    form("a NUL as a byte", b"prompt=a\x00b", "prompt"),
    form("1,001 fields", b"prompt=Hi&" + b"a&" * 1000),
    form("100,000 equals signs and fields", b"=&" * 100_000),
    query("a percent sign alone", "prompt=%"),
    query("an escape of no digits", "prompt=%gg"),
    query("no UTF-8", "prompt=%ff"),
    query("a NUL", "prompt=%00", "prompt"),
    query("1,001 fields", "a&" * 1001),
    query("half a character", "prompt=%c2"),
    parts("no boundary", part(DISPOSITION, b"Hi"), "multipart/form-data"),
    parts("an empty boundary", part(DISPOSITION, b"Hi"), "multipart/form-data; boundary="),
    parts("an empty boundary in quotes", part(DISPOSITION, b"Hi"), 'multipart/form-data; boundary=""'),
    parts("a quote that does not end", part(DISPOSITION, b"Hi"), 'multipart/form-data; boundary="b'),
    parts("a boundary of 71 characters", b"x", "multipart/form-data; boundary=" + "b" * 71),
    parts("another boundary", part(DISPOSITION, b"Hi"), "multipart/form-data; boundary=c"),
    parts("a boundary in capital letters", part(DISPOSITION, b"Hi"), "multipart/form-data; boundary=B"),
    parts("a boundary of another parameter", part(DISPOSITION, b"Hi"), "multipart/form-data; xboundary=b"),
    parts("no end", b"--b\r\n" + DISPOSITION + b"\r\n\r\nHi"),
    parts("no end after a whole part", b"--b\r\n" + DISPOSITION + b"\r\n\r\nHi\r\n--b"),
    parts("one hyphen at the end", b"--b\r\n" + DISPOSITION + b"\r\n\r\nHi\r\n--b-"),
    parts("a boundary alone", b"--b"),
    parts("line feeds alone", b"--b\n" + DISPOSITION + b"\n\nHi\n--b--\n"),
    parts("no head", b"--b\r\nHi\r\n--b--\r\n"),
    parts("no empty line", b"--b\r\n" + DISPOSITION + b"\r\nHi\r\n--b--\r\n"),
    parts("no disposition", part(b"Content-Type: text/plain", b"Hi")),
    parts("no name", part(b"Content-Disposition: form-data", b"Hi")),
    parts("a name that does not end", part(b'Content-Disposition: form-data; name="prompt', b"Hi")),
    parts("a name of another parameter", part(b'Content-Disposition: form-data; filename="prompt"', b"Hi")),
    parts("no colon", part(b'Content-Disposition form-data; name="prompt"', b"Hi")),
    parts("something after the boundary", b"--bx\r\n" + DISPOSITION + b"\r\n\r\nHi\r\n--b--\r\n"),
    parts("no UTF-8", part(DISPOSITION, b"\xff\xfe")),
    parts("Latin-1", part(DISPOSITION, "é".encode("latin-1"))),
    parts("a NUL", part(DISPOSITION, b"a\x00b"), parameter="prompt"),
    parts("parts within parts", part(b"Content-Type: multipart/mixed; boundary=c", b"--c\r\n\r\nHi\r\n--c--")),
    parts("1,001 parts", (b"--b\r\n" + DISPOSITION + b"\r\n\r\nHi\r\n") * 1001 + b"--b--\r\n"),
    parts("200,000 line ends", b"\r\n" * 200_000),
    parts("200,000 beginnings of a boundary", b"\r\n--" * 100_000, "multipart/form-data; boundary=" + "-" * 70),
]
