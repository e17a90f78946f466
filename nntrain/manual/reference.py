"""Reference: the whole manual as one Markdown text, which docs/reference.md holds."""

import re
from collections import Counter

from nntrain.manual.kinds import Kind, kinds
from nntrain.manual.page import Option, Page
from nntrain.manual.pages import kind_page, member_page
from nntrain.manual.values import plural

HEAD = """\
<!-- Made from the classes by `nntrain describe --markdown > docs/reference.md`. To change a text, change the docstring. -->

# Reference

Everything that a config can say. `nntrain describe` tells the same on the terminal: `nntrain describe layer`,
`nntrain describe layer dense`, `nntrain describe train`. `nntrain new` writes a config to start from, and
`nntrain schema > nntrain.schema.json` makes the schema with which an editor completes and checks one.
"""

STRUCTURE = """\
## How a config is built

A config is a YAML file with one section for each question: which data, which network, how wrong is an answer, how does the
network learn from that, for how long.

```yaml
name: digits                     # the run's folder: runs/digits
seed: 0                          # all randomness follows from it
data:
  source: {digits: {as: image}}
  validation: 0.1
model:
  layers:
    - flatten
    - dense: {units: 64, activation: relu}
    - residual:
        body:
          - batch_norm
          - dense: {units: 64, activation: relu}
    - dropout: 0.2
    - dense: 10                  # the last layer is the output: one value for each class
loss: cross_entropy
metrics: [accuracy]
optimizer: {sgd: {lr: 0.1, momentum: 0.9}}
schedule: {multi_step: {milestones: [20, 30], warmup: {epochs: 1}}}
train:
  epochs: 40
  batch_size: 64
  regularize: {l2: 1e-4}
```

**Three spellings.** Whatever has a name here, a layer, a loss, an optimizer, can be written in three ways:

| Spelling | Example | Meaning |
| --- | --- | --- |
| the name alone | `relu` | every option at its default |
| the name with its options | `dense: {units: 10, activation: relu}` | the others at their defaults |
| the name with one value | `dense: 10`, `max_pool2d: 2`, `permute: [2, 1]` | sets the first option |

The first option is the one at the top of each table below. Inside a list the name follows a dash, elsewhere it may need braces:
`optimizer: {adam: 0.001}`.

**Shapes.** A table's sample has the shape (features,), an image (height, width, channels), a sequence (steps, features). The
batch comes in front and is never written. `dense` acts on the last axis, so an image wants `flatten` before it.

**A graph, not only a chain.** Each layer takes the output of the one above. `name: trunk` in one layer and
`inputs: [trunk, previous]` in another make other ways; `add`, `multiply` and `concat` take several inputs; `input` is the data.

**Strict.** An option that does not exist, a value of the wrong type, a shape that does not fit: each is an error before training
starts, told with its line. All mistakes of a kind are told at once.

**Values.** `1e-3` is a number; only `true` and `false` are true or false; there are no dates. Paths count from the config's
folder. YAML's anchors and `<<:` work.

**Variations.** `extends: base.yaml` lays a config over another one. `--set optimizer.sgd.lr=0.3` changes one value of any
config on the command line; entries of lists go by their number, `--set model.layers[1].dense.units=128`.
"""


def reference() -> str:
    """docs/reference.md."""
    found = list(kinds().values())
    anchors = _anchors(found)
    lines = [HEAD, "## Contents\n", "- [How a config is built](#how-a-config-is-built)"]
    for kind in found:
        lines.append(f"{'  ' * (level(kind) - 2)}- [{plain_title(kind)}](#{anchors[kind.name, '']})")
    lines += ["", STRUCTURE]
    for kind in found:
        lines += chapter(kind, anchors)
    return "\n".join(lines).rstrip() + "\n"


def level(kind: Kind) -> int:
    """Of the heading: sections within sections are a level lower."""
    return 2 if kind.is_family or (len(kind.path) <= 1 and not kind.within) else 3


def plain_title(kind: Kind) -> str:
    if kind.is_family:
        return plural(kind.name).capitalize()
    return "The config" if kind.name == "config" else f"`{kind.name}`"


def chapter(kind: Kind, anchors: dict[tuple[str, str], str]) -> list[str]:
    page = kind_page(kind)
    lines = ["#" * level(kind) + f" {plain_title(kind)}", "", *spaced(page.paragraphs)]
    if page.members:
        lines += ["| Name | |", "| --- | --- |"]
        lines += [
            f"| [`{line.name}`](#{anchors[kind.name, line.name]}) | {cell(line.text)} |"
            for line in page.members
        ]
        lines.append("")
    if page.options and kind.is_family:
        lines += [f"Every {kind.name} has these options:", ""]
    lines += table(page.options, anchors) + code(page) + cited(page)
    for member in kind.members().values() if kind.is_family else ():
        lines += entry(member_page(member), anchors)
    return lines


def entry(page: Page, anchors: dict[tuple[str, str], str]) -> list[str]:
    """A member of a family."""
    lines = [f"### {page.name}", ""]
    if page.aliases:
        lines += [f"Also called {', '.join(f'`{alias}`' for alias in page.aliases)}.", ""]
    lines += spaced(page.paragraphs) + table(page.options, anchors)
    if page.bare:
        lines += [page.bare, ""]
    return lines + code(page) + cited(page)


def spaced(paragraphs: list[str]) -> list[str]:
    return [line for text in paragraphs if text for line in (text, "")]


def table(options: list[Option], anchors: dict[tuple[str, str], str]) -> list[str]:
    if not options:
        return []
    rows = [
        f"| `{option.name}` | {cell(linked(option, anchors))} | {cell(option.default)} | {cell(option.description)} |"
        for option in options
    ]
    return ["| Option | Value | Default | Meaning |", "| --- | --- | --- | --- |", *rows, ""]


def linked(option: Option, anchors: dict[tuple[str, str], str]) -> str:
    """The type, with links to the chapters that it names."""
    names = "|".join(name for name, member in anchors if not member)
    if option.type == "options":
        return f"[options](#{anchors[option.name, '']})"
    return re.sub(
        rf"(?<!`)\b({names})(s|es)?\b", lambda found: f"[{found[0]}](#{anchors[found[1], '']})", option.type
    )


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def code(page: Page) -> list[str]:
    return ["```yaml", page.example, "```", ""] if page.example else []


def cited(page: Page) -> list[str]:
    return [f"Source: {page.source}", ""] if page.source else []


def _anchors(found: list[Kind]) -> dict[tuple[str, str], str]:
    """What GitHub calls each heading, of chapters (name, "") and entries (kind, name): doubles are numbered."""
    seen: Counter[str] = Counter()
    anchors = {}
    for kind in found:
        for name in ("", *(kind.members() if kind.is_family else ())):
            slug = re.sub(r"[^\w -]", "", name or plain_title(kind).lower()).replace(" ", "-")
            anchors[kind.name, name] = f"{slug}-{seen[slug]}" if seen[slug] else slug
            seen[slug] += 1
    return anchors
