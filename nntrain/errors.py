"""What can go wrong, each kind with the exit code that the command line answers with."""

from dataclasses import dataclass

Path = tuple[str | int, ...]  # where in a config: ("model", "layers", 2, "dense", "units")


class NntrainError(Exception):
    """The work failed: a gradient check, a diverged run."""

    exit_code = 1


class UserError(NntrainError):
    """The user's input is wrong. The message says where, what was expected, what came, and the way out."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One mistake in a config, at `path`."""

    path: Path
    message: str


class ConfigError(UserError):
    """All mistakes that one phase of reading a config found.

    Code that only knows the reason raises `ConfigError("reason")`; whoever knows the place adds it with `below`.
    """

    def __init__(self, problems: str | list[Problem]):
        self.problems = [Problem((), problems)] if isinstance(problems, str) else list(problems)
        super().__init__(
            "\n".join(f"{dotted(p.path)}: {p.message}" if p.path else p.message for p in self.problems)
        )

    def below(self, *prefix: str | int) -> "ConfigError":
        """The same mistakes with `prefix` before their paths."""
        return ConfigError([Problem((*prefix, *p.path), p.message) for p in self.problems])


def dotted(path: Path) -> str:
    """("model", "layers", 2, "dense") -> "model.layers[2].dense"."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
