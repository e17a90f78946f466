"""`python -m nntrain.report.pictures RUN NAME...` draws pictures of a run folder; a line for each that fails names it.

With `-` as the only name, it loads what drawing needs, and then reads the names from its input: one line. None, as when training was
killed meanwhile, draws nothing.
"""

import sys
from pathlib import Path

from nntrain.errors import NntrainError
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.registry import pictures

WAITS = "-"


def main(arguments: list[str]) -> int:
    known = pictures()
    if len(arguments) < 2 or not known.keys() >= {*arguments[1:]} - {WAITS}:
        print("usage: python -m nntrain.report.pictures RUN NAME...", file=sys.stderr)
        return 2
    folder, *names = arguments
    if names == [WAITS]:
        canvas.load()
        names = sys.stdin.readline().split()
    code = 0
    for name in names:
        try:
            known[name].draw_stored(Path(folder))
        except Exception as error:
            reason = str(error).splitlines()[0] if isinstance(error, NntrainError) else repr(error)
            print(f"{name}: {reason}", file=sys.stderr)
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
