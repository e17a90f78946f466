"""Configs for texts: window, network and training suit the length of the text, and each config trains."""

import pytest

from nntrain.config import load

PROSE = "It was the best of times, it was the worst of times.\n"


@pytest.mark.parametrize(("copies", "window"), [(60, 64), (15, 32), (7, 16), (1, 16)])
def test_the_window_suits_the_length_of_the_text(shell, copies, window):
    (shell.folder / "book.txt").write_text(PROSE * copies)
    shell.run("new", "--data", "book.txt")
    config, _ = load(shell.folder / "book.yaml")
    assert config.data.source.window == window
    shell.run("fit", "book.yaml", "--quiet", "--set", "train.epochs=1")
    assert shell.run("predict", "runs/book", "--prompt", "It was ", "--length", "5").stdout.startswith(
        "It was "
    )


def test_a_text_that_is_too_short_or_not_utf_8_is_an_error(shell, wording):
    (shell.folder / "short.txt").write_text("Hello\n")
    wording(shell.run("new", "--data", "short.txt", code=2).stderr)
    (shell.folder / "latin.txt").write_bytes((PROSE * 60).replace("best", "bêst").encode("latin-1"))
    wording(shell.run("new", "--data", "latin.txt", code=2).stderr)
    assert not list(shell.folder.glob("*.yaml"))
