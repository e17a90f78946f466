"""Runs without pictures, each of which takes a process and a second."""

import contextlib
from collections.abc import Iterator
from unittest import mock


@contextlib.contextmanager
def no_pictures() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for moment in ("ready", "ended", "_refresh"):
            stack.enter_context(mock.patch(f"nntrain.report.observers.PictureObserver.{moment}"))
        stack.enter_context(mock.patch("nntrain.report.group_pictures.GroupPictures.add"))
        stack.enter_context(mock.patch("nntrain.report.group_pictures.GroupPictures.finish", return_value=[]))
        yield
