"""Installation: the versions of nntrain, Python and the libraries, and those that each extra adds."""

import json
import platform
import re
import sys
from importlib import metadata

from nntrain import __version__
from nntrain.doctor.diagnosis import Problem, Severity

NAME, EXTRA = re.compile(r"[\w.-]+"), re.compile(r"extra == ['\"]([\w-]+)['\"]")
AT_LEAST = re.compile(r">=\s*([\d.]+)")
FOR_DEVELOPERS = "test"  # this extra is not shown
WITHOUT_METADATA = (
    "numba",
    "numpy",
    "pydantic",
)  # shown where nntrain runs from a folder that was not installed
COMPILERS = ("llvmlite",)  # comes with Numba; much depends on its version


class Installation:
    """Everything is read from the metadata of the packages: nothing is imported, so that what is broken can be named."""

    def __init__(self) -> None:
        try:
            self.package: metadata.Distribution | None = metadata.distribution("nntrain")
        except metadata.PackageNotFoundError:
            self.package = None
        lines = (self.package.requires if self.package else None) or WITHOUT_METADATA
        self.required = [line for line in lines if not EXTRA.search(line)]
        self.optional: dict[str, list[str]] = {}
        for line in lines:
            if (extra := EXTRA.search(line)) and extra[1] != FOR_DEVELOPERS:
                self.optional.setdefault(extra[1], []).append(line)

    def versions(self) -> dict[str, str | None]:
        """nntrain, Python, then the required libraries; None for what is missing."""
        names = sorted({*map(name_of, self.required), *COMPILERS})
        return {
            "nntrain": f"{__version__}{' (editable)' if self.editable() else ''}",
            "python": f"{platform.python_version()}{' (virtual environment)' if sys.prefix != sys.base_prefix else ''}",
            **{name: version_of(name) for name in names},
        }

    def extras(self) -> dict[str, dict[str, str | None]]:
        """{"onnx": {"onnx": "1.17.0"}, ...}: None for libraries that are not installed."""
        return {
            extra: {name_of(line): version_of(name_of(line)) for line in sorted(lines)}
            for extra, lines in sorted(self.optional.items())
        }

    def editable(self) -> bool:
        """Whether the sources of a checkout are used."""
        text = self.package.read_text("direct_url.json") if self.package else None
        return bool(text and json.loads(text).get("dir_info", {}).get("editable"))

    def problems(self) -> list[Problem]:
        found = []
        if self.package is None:
            hint = "Install it with pip, so that its requirements are checked."
            found.append(Problem("warning", "nntrain is not installed, but runs from a folder", hint))
        elif self.package.version != __version__:
            text = f"nntrain {self.package.version} is installed, but {__version__} runs, from another folder"
            found.append(Problem("warning", text, "Leave the folder, or unset PYTHONPATH."))
        for line in self.required:
            if problem := too_old(line, "error", ""):
                found.append(problem)
        for extra, lines in sorted(self.optional.items()):
            for line in lines:
                if version_of(name_of(line)) and (problem := too_old(line, "warning", extra)):
                    found.append(problem)
        return found


def too_old(requirement: str, severity: Severity, extra: str) -> Problem | None:
    """The problem of a library that is missing or older than required; None where it suits."""
    name, least = name_of(requirement), AT_LEAST.search(requirement)
    version = version_of(name)
    package = f"'nntrain[{extra}]'" if extra else "nntrain"
    hint = f"Run `pip install --upgrade {package}`, or install {requirement.split(';')[0].strip()}."
    if version is None:
        return Problem(severity, f"{name} is not installed", hint)
    if least and numbers(version) < numbers(least[1]):
        return Problem(severity, f"{name} {version} is too old: nntrain requires {least[1]}", hint)
    return None


def name_of(requirement: str) -> str:
    found = NAME.match(requirement)
    assert found, requirement
    return found[0]


def version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def numbers(version: str) -> list[int]:
    """[1, 26, 4] of 1.26.4rc1, without what follows the numbers, and without zeros at the end."""
    found = [int(part) for part in re.findall(r"\d+", re.split(r"[a-zA-Z+]", version, maxsplit=1)[0])]
    while found and not found[-1]:
        found.pop()
    return found
