"""`python -m nntrain.report.pictures RUN NAME...` draws pictures of a run folder; a line for each that fails names it.

With `-` as the only argument, it loads what drawing needs, and then reads RUN and the names from its input: one line, a JSON list.
None, as when training was killed meanwhile, draws nothing.
"""

import gc
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from nntrain.errors import NntrainError
from nntrain.limits import processors
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.registry import pictures

WAITS = "-"


def main(arguments: list[str]) -> int:
    known = pictures()
    waits = arguments == [WAITS]
    if not waits and (len(arguments) < 2 or not known.keys() >= {*arguments[1:]}):
        print("usage: python -m nntrain.report.pictures RUN NAME...", file=sys.stderr)
        return 2
    if waits:
        canvas.load()
        gc.disable()  # the process ends soon
        if not (request := sys.stdin.readline()):
            return 0
        arguments = json.loads(request)
    folder, *names = arguments
    return draw_side_by_side(Path(folder), names) if waits else draw(Path(folder), names)


def draw_side_by_side(folder: Path, names: Sequence[str]) -> int:
    """`draw` on two cores, where a copy of this process, with all that it has loaded, costs nothing."""
    if len(names) < 2 or not hasattr(os, "fork") or processors() < 2:
        return draw(folder, names)
    first, *others = names  # the loss, which takes longest, and the others from the last one on
    left, numbers = os.pipe()
    os.write(numbers, bytes(range(len(others)))[::-1])
    os.close(numbers)

    def rest() -> Iterator[str]:
        """Those that nobody draws yet."""
        while number := os.read(left, 1):
            yield others[number[0]]

    copy = os.fork()
    if not copy:
        code = 1
        try:
            code = draw(folder, rest())
            sys.stderr.flush()
        finally:
            os._exit(code)
    code = draw(folder, chain([first], rest()))
    return max(code, os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]), key=abs)


def draw(folder: Path, names: Iterable[str]) -> int:
    """The exit code: 1 where a picture failed."""
    code = 0
    for name in names:
        try:
            pictures()[name].draw_stored(folder)
        except Exception as error:
            reason = str(error).splitlines()[0] if isinstance(error, NntrainError) else repr(error)
            sys.stderr.write(f"{name}: {reason}\n")  # in one piece: two processes write
            sys.stderr.flush()
            code = 1
    return code


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(exit_code)  # without taking all modules apart, which takes 0.1 s
