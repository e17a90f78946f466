"""`python -m nntrain.report.plots RUN_FOLDER` draws the loss of a run once."""

import sys

from nntrain.errors import UserError
from nntrain.report.plots import draw_loss


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m nntrain.report.plots RUN_FOLDER", file=sys.stderr)
        return 2
    try:
        draw_loss(arguments[0])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
