"""Forms that a page of another site posts with a key that a person left in the form."""

from .bad import Bad

EVIL = "https://evil.example"


def foreign(name: str, origin: str, path: str = "/chat", **more) -> Bad:
    fields = (("Origin", origin), *more.pop("fields", ()))
    form = more.pop("form", "api_key=<user_key>&prompt=Hi")
    return Bad(name, 403, "foreign_origin", path=path, who=None, form=form, fields=fields, shape="page", **more)


ROWS = [
    foreign("another site", EVIL),
    foreign("another site, by the page of conversations", EVIL, "/recall"),
    foreign("another site, by the page of access tokens", EVIL, "/access-token",
            form="api_key=<user_key>&email=a%40b&password=Secret-of-a-person", absent=("Secret-of",)),
    foreign("another site, by the page that adds users", EVIL, "/admin/add-user",
            form="api_key=<admin_key>&user_id=never-made&username=x"),
    foreign("a sandboxed page", "null"),
    foreign("an empty one", ""),
    foreign("another port", "http://gateway.example:8081"),
    foreign("a name that begins the same", "http://gateway.example.evil.example"),
    foreign("a name that ends the same", "http://evilgateway.example"),
    foreign("our name as a user of another", "http://gateway.example@evil.example"),
    foreign("our name as a path of another", f"{EVIL}/gateway.example"),
    foreign("our name in a query of another", f"{EVIL}?gateway.example"),
    foreign("ours and another", f"http://gateway.example {EVIL}"),
    foreign("a file", "file://"),
    foreign("an extension", "chrome-extension://abcdefgh"),
    foreign("a forwarded host", EVIL, fields=(("X-Forwarded-Host", "evil.example"),)),
    foreign("parts", EVIL, form=None, content_type="multipart/form-data; boundary=b",
            body=b'--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n<user_key>\r\n--b--\r\n'),
    foreign("JSON", EVIL, form=None, json={"api_key": "<user_key>", "prompt": "Hi"}),
    foreign("the key in the query", EVIL, "/chat?api_key=<user_key>", form="prompt=Hi"),
]
