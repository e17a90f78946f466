"""Locales that are not UTF-8: files and names are UTF-8 all the same, a terminal gets substitutes, nothing ends in a traceback."""

import ast
import json
import os
import pty
import subprocess
import sys

import pytest

from nntrain.report.terminal import encoding
from tests.conftest import MOONS
from tests.support import ROOT

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LOCALES = {
    "ascii for what is printed": {"PYTHONIOENCODING": "ascii"},
    "latin-1 for what is printed": {"PYTHONIOENCODING": "latin-1:strict", **ASCII},
}
NAMED = MOONS.replace("{dense: 2}", "{dense: {units: 2, name: sortie_é}}").replace("epochs: 4", "epochs: 1")


def nntrain(
    folder, locale: dict[str, str], *arguments: str, code: int = 0, **options
) -> subprocess.CompletedProcess:
    environment = {
        name: value for name, value in os.environ.items() if name not in {*ASCII, "PYTHONIOENCODING"}
    }
    done = subprocess.run(
        [sys.executable, "-m", "nntrain", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **locale},
        capture_output=True,
        timeout=120,
        check=False,
        **options,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    assert done.returncode == code, done.stderr.decode()
    return done


def test_a_run_has_the_same_files_in_any_locale(shell):
    locale = {**ASCII, "PYTHONIOENCODING": "ascii"}
    shell.write("name: café\n" + NAMED)
    nntrain(shell.folder, locale, "fit", "config.yaml", "--threads", "1")
    run = shell.folder / "runs" / "café"
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["status"] == "finished"
    assert "sortie_é" in (run / "config.resolved.yaml").read_text(encoding="utf-8")
    assert "café" in (run / "train.log").read_text(encoding="utf-8")
    nntrain(shell.folder, locale, "predict", "runs/café", "{synthetic: {kind: two_moons, samples: 9}}")


@pytest.mark.parametrize("locale", LOCALES.values(), ids=LOCALES.keys())
def test_pages_and_errors_are_shown_in_any_locale(shell, locale):
    nntrain(shell.folder, locale, "describe", "loss", "mse")
    error = nntrain(shell.folder, locale, "summary", "हिन्दी.yaml", code=2).stderr
    assert error.startswith(b"error: ")


def test_what_is_piped_is_utf_8_unless_asked_otherwise(shell):
    asked = {"PYTHONIOENCODING": "ascii:replace"}
    plain, other = (
        nntrain(shell.folder, locale, "describe", "loss", "mse").stdout for locale in (ASCII, asked)
    )
    assert "²" in plain.decode("utf-8")
    assert other == plain.decode("utf-8").encode("ascii", "replace")


def test_a_terminal_gets_substitutes_for_what_it_cannot_show(shell):
    main, terminal = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONIOENCODING"}
    command = [sys.executable, "-m", "nntrain", "describe", "loss", "mse"]
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TERM": "dumb", "COLUMNS": "200"}
    with subprocess.Popen(
        command, cwd=shell.folder, env={**environment, **paths, **ASCII}, stdout=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                shown += (piece := os.read(main, 4096))
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not piece:
                break
        assert process.wait() == 0
    os.close(main)
    assert b"^2" in shown
    assert shown.isascii()


def test_substitutes_are_plain_text_or_escapes():
    assert "3 µs × 2…  €".encode("ascii", encoding.SUBSTITUTES) == b"3 us x 2...  \\u20ac"
    assert "µ €".encode("latin-1", encoding.SUBSTITUTES) == "µ \\u20ac".encode("latin-1")
    assert "caf\udce9".encode("utf-8", encoding.SUBSTITUTES) == b"caf\\udce9"


def test_no_file_is_opened_in_the_encoding_of_the_locale():
    found = []
    for file in sorted((ROOT / "nntrain").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            modes = [word.value for word in node.args if isinstance(word, ast.Constant)]
            binary = any(isinstance(mode, str) and "b" in mode for mode in modes)
            opens = name in ("read_text", "write_text", "TextIOWrapper") or (name == "open" and not binary)
            called = ast.unparse(node.func)
            foreign = name == "open" and called not in ("open", "path.open", "file.open")
            foreign = foreign or called == "self.package.read_text"  # of the metadata, which are UTF-8
            if given.get("text") == "True" or (opens and not foreign and "encoding" not in given):
                found.append(f"{file.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}")
    assert found == []
