"""Check: what the gradient check found for one tensor, and how many of its elements it looks at."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Sampling:
    """Which elements of a tensor are compared."""

    all_below: int = 400  # tensors with up to this many elements completely
    elements: int = 60  # of a larger tensor
    directions: int = 4  # random directions through a larger tensor: each involves every element


@dataclass
class Check:
    """The agreement of one tensor's gradient; backprop and numeric are the values at the worst element."""

    component: str
    tensor: str
    checked: int  # elements and directions, kinks included
    size: int
    max_abs_error: float = 0.0
    max_rel_error: float = 0.0
    worst_index: str = ""
    backprop: float = 0.0
    numeric: float = 0.0
    kinks: int = 0  # elements and directions left out, because the loss has a kink there
    status: str = "PASS"  # PASS, FAIL, or KINK: no failure, but kinks

    def to_dict(self) -> dict:
        return asdict(self)


@dataclass
class Cost:
    """The cost of one backward pass, compared with the numeric gradient of all weights."""

    weights: int
    backward_s: float
    loss_s: float  # one evaluation of the loss; the numeric gradient takes two for each weight

    @property
    def numeric_s(self) -> float:
        return 2 * self.weights * self.loss_s
