"""Multipart: the files of a form, as browsers and `curl -F` send them (RFC 7578)."""

import re

from nntrain.serve.problem import Problem

FILENAME = re.compile(rb'(?mi)^content-disposition:[^\r\n]*;[ \t]*filename=(?:"([^"\r\n]*)"|([^;\s]+))')
MOST_HEAD = 2048  # bytes


def files(body: bytes, boundary: str, most: int) -> list[tuple[str, bytes]]:
    """The name and the content of each file. Raises Problem."""
    if not boundary:
        raise Problem(400, "multipart/form-data: the boundary is missing")
    try:
        mark = b"--" + boundary.encode("ascii")
    except UnicodeEncodeError:
        raise Problem(400, "multipart/form-data: the boundary is not ASCII") from None
    found = []
    parts = (b"\r\n" + body).split(b"\r\n" + mark, most + 2)
    if len(parts) < 3 or not parts[-1].startswith(b"--"):
        if len(parts) > most + 2:
            raise Problem(413, f"expected at most {most:,} parts. Received: more.")
        raise Problem(400, "multipart/form-data: the end is missing", "Send the whole form.")
    for number, part in enumerate(parts[1:-1], start=1):
        head, gap, content = part.partition(b"\r\n\r\n")
        if not gap or len(head) > MOST_HEAD:
            raise Problem(400, f"part {number} of the form has no head that can be read")
        if match := FILENAME.search(head):
            name = (match[1] or match[2] or b"").decode("utf-8", "replace")
            found.append((name.replace("\\", "/").rpartition("/")[2] or f"file {number}", content))
    if not found:
        raise Problem(422, "expected at least one file in the form", "Send it as `curl -F image=@photo.png`.")
    return found
