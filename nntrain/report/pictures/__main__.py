"""`python -m nntrain.report.pictures RUN_FOLDER [PICTURE]` draws a picture of a run once: its loss, or another."""

import sys

from nntrain.errors import UserError
from nntrain.report.pictures import draw_augmented, draw_filters, draw_loss

PICTURES = {"loss": draw_loss, "augmented": draw_augmented, "filters": draw_filters}


def main(arguments: list[str]) -> int:
    folder, picture = (*arguments, "loss")[:2] if len(arguments) in (1, 2) else ("", "")
    if picture not in PICTURES:
        print(f"usage: python -m nntrain.report.pictures RUN_FOLDER [{'|'.join(PICTURES)}]", file=sys.stderr)
        return 2
    try:
        PICTURES[picture](folder)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
