"""`python -m nntrain.report.pictures RUN NAME` draws one picture of a run folder."""

import sys
from pathlib import Path

from nntrain.errors import NntrainError
from nntrain.report.pictures.registry import pictures


def main(arguments: list[str]) -> int:
    known = pictures()
    if len(arguments) != 2 or arguments[1] not in known:
        print(f"usage: python -m nntrain.report.pictures RUN {{{','.join(sorted(known))}}}", file=sys.stderr)
        return 2
    folder, name = arguments
    try:
        known[name].draw(Path(folder))
    except NntrainError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
