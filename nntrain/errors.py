"""Errors, each with what is wrong, a hint what to do about it, and the exit code of the command line."""

from dataclasses import dataclass, replace

Keys = tuple[str | int, ...]  # a path of keys into a config: ("model", "layers", 2, "dense", "units")


class NntrainError(Exception):
    """The work failed: a gradient check, a diverged run.

    `place` says where (a file, a line of it, an option), `message` what is wrong, `hint` what to do.
    """

    exit_code = 1
    on_all_ranks = False  # of a run on several ranks: all of them have it, and one reports it

    def __init__(self, message: str, hint: str = "", place: str = ""):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        return text(self.place, self.message, self.hint)


class UserError(NntrainError):
    """The user's input is wrong."""

    exit_code = 2


class DataError(UserError):
    """The data cannot be read, or cannot be used as the config says."""


@dataclass(frozen=True)
class Problem:
    """One error in a config, at the keys `path`."""

    path: Keys
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return text(dotted(self.path), self.message, self.hint)


class ConfigError(UserError):
    """All errors that one phase of reading a config found.

    Code that only knows the reason raises `ConfigError("reason", "hint")`; its caller adds the keys with `below`.
    """

    def __init__(self, problems: str | list[Problem], hint: str = ""):
        self.problems = [Problem((), problems, hint)] if isinstance(problems, str) else list(problems)
        first = (
            self.problems[0] if len(self.problems) == 1 else Problem((), "\n".join(map(str, self.problems)))
        )
        super().__init__(first.message, first.hint, dotted(first.path))

    def below(self, *prefix: str | int) -> "ConfigError":
        """The same errors with `prefix` before their keys."""
        return ConfigError([replace(problem, path=(*prefix, *problem.path)) for problem in self.problems])


def text(place: str, message: str, hint: str) -> str:
    """`PLACE: what is wrong`, and the hint on a line of its own."""
    return (f"{place}: " if place else "") + message + (f"\nhint: {hint}" if hint else "")


def dotted(path: Keys) -> str:
    """("model", "layers", 2, "dense") -> "model.layers[2].dense"."""
    name = ""
    for part in path:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else str(part)
    return name
