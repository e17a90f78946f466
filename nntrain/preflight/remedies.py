"""Remedies: lines of YAML that several checks propose."""

from nntrain.preflight.finding import sentence
from nntrain.preflight.subject import Subject
from nntrain.run.review.causes import against_vanishing
from nntrain.training.rate import two_digits, with_rate

# Findings that make losses too large, or keep them from falling.
EXPLAINING = (
    "scale",
    "equal_weights",
    "dead_units",
    "exploding_layers",
    "starving_layers",
    "vanishing_gradients",
    "output_range",
    "first_loss",
)


def other_initializer(subject: Subject) -> str:
    """Against activations that grow or shrink from layer to layer; empty where `auto` chose the initial weights."""
    if subject.config.model.initializer.yaml_name not in ("auto", "pretrained"):
        return "Set `initializer: auto` under `model`."
    own = next((node for node in subject.learning if getattr(node.layer, "weight_initializer", None)), None)
    return f"Remove `weight_initializer` from layer {own.name!r}, so that `auto` chooses it." if own else ""


def against_starving(subject: Subject) -> str:
    if subject.config.model.initializer.yaml_name in ("glorot_normal", "glorot_uniform"):
        return sentence(against_vanishing(subject.evidence, subject.learning))
    return other_initializer(subject) or sentence(against_vanishing(subject.evidence, subject.learning))


def with_lr(subject: Subject, lr: float) -> str:
    return f"Set `{with_rate(subject.config, two_digits(lr))}`."


def first_of_all(subject: Subject) -> str:
    """What earlier findings propose that explain a loss that is too large or does not fall; empty where there are none."""
    return next((each.remedy for each in subject.findings if each.check in EXPLAINING and each.remedy), "")
