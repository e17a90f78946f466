"""Report: what a pre-flight check found: facts about the training, findings, and a verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nntrain.errors import NntrainError
from nntrain.preflight.check import Check, all_checks
from nntrain.preflight.columns import with_one_line
from nntrain.preflight.cost import Cost
from nntrain.preflight.finding import SEVERITIES, Finding
from nntrain.preflight.one_batch import OneBatch
from nntrain.preflight.spread import LayerFacts
from nntrain.preflight.subject import Subject
from nntrain.training.setup import Setup


@dataclass(frozen=True, repr=False)
class Report:
    """The result of `nntrain.check`.

    passed: no finding is an error. findings: errors first, then warnings, then notes. first_loss: of the initial network;
    expected_loss: about where it should be. one_batch: None where there are too few samples.
    """

    name: str
    samples: dict[str, int]  # of each split
    classes: tuple[str, ...]
    input_shape: tuple[int, ...]
    tokens: bool  # whether inputs are tokens
    loss: str  # its name
    from_logits: bool
    first_loss: float
    expected_loss: float
    cost: Cost
    layers: tuple[LayerFacts, ...]
    one_batch: OneBatch | None
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not self.of("error")

    def of(self, severity: str) -> list[Finding]:
        """The findings of a severity."""
        return [finding for finding in self.findings if finding.severity == severity]

    @property
    def verdict(self) -> str:
        """One line."""
        found = Counter(finding.severity for finding in self.findings)
        counted = ", ".join(
            f"{found[each]} {each}{'s' * (found[each] != 1)}" for each in SEVERITIES if found[each]
        )
        outcome = (
            "this config cannot train as it is"
            if found["error"]
            else "this config trains, but look at the warnings first"
            if found["warning"]
            else "ready to train"
        )
        return f"{outcome}: {counted or 'nothing found'}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "passed": self.passed,
            "verdict": self.verdict,
            "name": self.name,
            "samples": self.samples,
            "classes": len(self.classes),
            "input_shape": self.input_shape,
            "loss": self.loss,
            "first_loss": self.first_loss,
            "expected_loss": self.expected_loss,
            "cost": self.cost.to_dict(),
            "layers": [layer.to_dict() for layer in self.layers],
            "one_batch": self.one_batch.to_dict() if self.one_batch else None,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def __repr__(self) -> str:
        return f"<nntrain.check {self.name}: {self.verdict}>"

    def __str__(self) -> str:
        return "\n".join([*map(str, self.findings), self.verdict])


def checked(setup: Setup, folder: Path, name: str) -> Report:
    """Measures a training, and runs every check. Takes seconds; nothing is written. Raises UserError for wrong input."""
    subject = Subject(setup, folder)
    return Report(
        name=name,
        samples={split: len(data) for split, data in setup.splits.parts().items()},
        classes=setup.splits.train.classes,
        input_shape=setup.splits.train.input_shape,
        tokens=bool(setup.splits.train.vocabulary),
        loss=setup.config.loss.yaml_name,
        from_logits=setup.config.loss.from_logits,
        first_loss=subject.first_loss,
        expected_loss=subject.expected_loss,
        cost=subject.cost,
        layers=tuple(subject.layers),
        one_batch=subject.one_batch,
        findings=tuple(with_one_line(findings_of(subject, all_checks()), subject.train)),
    )


def findings_of(subject: Subject, checks: Sequence[Check]) -> list[Finding]:
    """Errors first. A check that fails is a warning that names it."""
    found = subject.findings
    for check in checks:
        try:
            found.extend(list(check.look(subject)))
        except NntrainError:
            raise
        except Exception as error:
            text = f"the check {check.name} failed: {type(error).__name__}: {error}"
            found.append(Finding("warning", check.name, text))
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
