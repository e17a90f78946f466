"""Result: what `nntrain bench` measured, as its --json prints it."""

from dataclasses import asdict, dataclass, field


@dataclass
class LayerTime:
    """Medians of one node; gflops counts the multiply-adds of forward and backward."""

    name: str
    forward_us: float
    backward_us: float
    gflops: float
    algorithm: str | None = None  # that takes fewer operations than are counted, such as Winograd's

    @property
    def us(self) -> float:
        return self.forward_us + self.backward_us


@dataclass
class Bench:
    """step_us is the median over whole steps on the same batch: forward, loss, backward, optimizer.

    peak_gflops is the best of short measurements before, between and after those of the layers, and at least what a layer reaches.
    """

    step_us: float
    samples_per_s: float
    gflops: float
    peak_gflops: float
    compile_s: float
    peak_rss_mb: float
    batch_size: int
    threads: int
    other_us: float  # all of `parts`
    layers: list[LayerTime] = field(default_factory=list)
    parts: dict[str, float] = field(default_factory=dict)  # µs by name: what a step does besides the layers
    data_us: float = 0.0  # to gather, scale and augment a batch, which training does before the step
    metrics_us: float = 0.0  # of a batch, which training computes after the step
    flops: int = 0  # per step
    config: str = ""  # the file's name
    precision: str = ""
    cpu: str = ""
    cores: int = 0
    vector_lanes: int = 0  # of float32
    version: str = ""

    def to_dict(self) -> dict:
        return asdict(self)
