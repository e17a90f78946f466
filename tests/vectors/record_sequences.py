"""Records sequences.npz: what PyTorch computes for our layers of sequences, values, last states and all gradients, in float64.

Needs torch and numpy alone: `python tests/vectors/record_sequences.py`. `cases` holds each case's layer and options as JSON.
Arrays of case i: "i.x", "i.lengths" where rows differ, "i.dy", "i.y", "i.dx", "i.start.hidden" and "i.end.hidden" where a state
is carried on, "i.p.NAME" each parameter by its name within the network, "i.d.NAME" its gradient.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

ROWS, STEPS, FEATURES, UNITS = 3, 5, 4, 3
LENGTHS = [3, 5, 1]

# layer, options, lengths, whether it goes on from a state
CASES = [
    ("simple_rnn", {"units": UNITS}, None, False),
    ("simple_rnn", {"units": UNITS, "activation": "relu", "return_sequences": True}, LENGTHS, False),
    ("lstm", {"units": UNITS}, None, False),
    ("lstm", {"units": UNITS, "return_sequences": True}, None, False),
    ("lstm", {"units": UNITS}, LENGTHS, False),
    ("lstm", {"units": UNITS, "return_sequences": True, "use_bias": False}, LENGTHS, False),
    ("lstm", {"units": UNITS, "return_sequences": True, "stateful": True}, None, True),
    ("gru", {"units": UNITS}, None, False),
    ("gru", {"units": UNITS, "return_sequences": True}, LENGTHS, False),
    ("gru", {"units": UNITS, "use_bias": False}, LENGTHS, False),
    ("gru", {"units": UNITS, "return_sequences": True, "stateful": True}, None, True),
    ("bidirectional", {"layer": {"lstm": {"units": UNITS, "return_sequences": True}}}, None, False),
    ("bidirectional", {"layer": {"lstm": {"units": UNITS}}}, LENGTHS, False),
    ("bidirectional", {"layer": {"gru": {"units": UNITS, "return_sequences": True}}}, LENGTHS, False),
    ("multi_head_attention", {"heads": 2}, None, False),
    ("multi_head_attention", {"heads": 2}, LENGTHS, False),
    ("multi_head_attention", {"heads": 1, "causal": True}, LENGTHS, False),
    ("embedding", {"units": UNITS, "vocabulary": 6}, None, False),
    ("simple_rnn", {"units": UNITS, "return_sequences": True, "stateful": True}, None, True),
    ("simple_rnn", {"units": UNITS, "activation": "relu", "stateful": True}, LENGTHS, True),
    ("lstm", {"units": UNITS, "stateful": True}, LENGTHS, True),
    ("gru", {"units": UNITS, "return_sequences": True, "stateful": True}, LENGTHS, True),
    ("bidirectional", {"layer": {"simple_rnn": {"units": UNITS, "return_sequences": True}}}, LENGTHS, False),
    ("multi_head_attention", {"heads": 2, "causal": True}, None, False),
    ("multi_head_attention", {"heads": 1, "rotary": True}, None, False),
    ("multi_head_attention", {"heads": 2, "causal": True, "rotary": True}, LENGTHS, False),
    ("multi_head_attention", {"heads": 1, "causal": True, "rotary": True, "rotary_base": 30}, None, False),
]
CELLS = {"simple_rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def recurrent(layer, options, x, lengths, start):
    """y, the last states, and our names of the parameters with PyTorch's tensors and how ours come from them."""
    both = layer == "bidirectional"
    cell, own = next(iter(options["layer"].items())) if both else (layer, options)
    bias = own.get("use_bias", True)
    more = {"nonlinearity": own["activation"]} if "activation" in own else {}
    module = CELLS[cell](FEATURES, UNITS, batch_first=True, bias=bias, bidirectional=both, **more).double()
    names = {}
    for suffix, place in (("_l0", "forward"), ("_l0_reverse", "backward"))[: 1 + both]:
        prefix = f"bidirectional_1.{place}.{cell}_1" if both else f"{cell}_1"
        names[f"{prefix}.weight"] = (getattr(module, f"weight_ih{suffix}"), lambda a: a.T)
        names[f"{prefix}.recurrent_weight"] = (getattr(module, f"weight_hh{suffix}"), lambda a: a.T)
        if bias:
            names[f"{prefix}.bias"] = (getattr(module, f"bias_ih{suffix}"), lambda a: a)
            with torch.no_grad():  # we have one bias; of gru, a second one inside the proposed state
                getattr(module, f"bias_hh{suffix}")[: 2 * UNITS if cell == "gru" else None] = 0
            if cell == "gru":
                names[f"{prefix}.recurrent_bias"] = (
                    getattr(module, f"bias_hh{suffix}"),
                    lambda a: a[2 * UNITS :],
                )
    state = None
    if start:
        state = tuple(torch.tensor(part)[None] for part in start.values())
        state = state if cell == "lstm" else state[0]
    given = x if lengths is None else pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    y, end = module(given, state)
    if lengths is not None:
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=STEPS)
    end = end if cell == "lstm" else (end,)
    if not own.get("return_sequences"):
        y = end[0].movedim(0, 1).reshape(ROWS, -1)
    return y, end, names


def rotary_attention(module, options, x, padded, causal):
    """The paper's formula, with the weights of nn.MultiheadAttention, which has no rotary positions."""
    qkv = nn.functional.linear(x, module.in_proj_weight, module.in_proj_bias)
    q, k, v = (part.unflatten(-1, (options["heads"], -1)).transpose(1, 2) for part in qkv.chunk(3, dim=-1))
    size, base = q.shape[-1], options.get("rotary_base", 10000)
    angle = torch.arange(STEPS)[:, None] / base ** (torch.arange(0, size, 2).double() / size)
    turn = torch.polar(torch.ones_like(angle), angle)  # (steps, size / 2), complex
    q, k = (
        torch.view_as_real(torch.view_as_complex(part.unflatten(-1, (-1, 2)).contiguous()) * turn).flatten(-2)
        for part in (q, k)
    )
    hidden = torch.zeros(ROWS, 1, STEPS, STEPS, dtype=torch.bool)
    hidden = hidden if padded is None else hidden | padded[:, None, None, :]
    hidden = hidden if causal is None else hidden | causal
    mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=~hidden)
    return module.out_proj(mixed.transpose(1, 2).flatten(-2))


def attention(options, x, lengths):
    module = nn.MultiheadAttention(FEATURES, options["heads"], batch_first=True).double()
    with torch.no_grad():  # they start at zero
        module.in_proj_bias.normal_()
        module.out_proj.bias.normal_()
    padded = None if lengths is None else torch.arange(STEPS) >= torch.tensor(lengths)[:, None]
    causal = torch.ones(STEPS, STEPS, dtype=torch.bool).triu(1) if options.get("causal") else None
    if options.get("rotary"):
        y = rotary_attention(module, options, x, padded, causal)
    else:
        y, _ = module(x, x, x, key_padding_mask=padded, attn_mask=causal, need_weights=False)
    if padded is not None:
        y = y * ~padded[..., None]
    prefix = "multi_head_attention_1"
    return y, {
        f"{prefix}.weight": (module.in_proj_weight, lambda a: a.T),
        f"{prefix}.bias": (module.in_proj_bias, lambda a: a),
        f"{prefix}.output_weight": (module.out_proj.weight, lambda a: a.T),
        f"{prefix}.output_bias": (module.out_proj.bias, lambda a: a),
    }


def record(layer, options, lengths, carried, draw):
    """The arrays of one case."""
    found, end = {}, ()
    if layer == "embedding":
        x = torch.tensor(draw.integers(0, options["vocabulary"], (ROWS, STEPS)))
        module = nn.Embedding(options["vocabulary"], options["units"]).double()
        y, names = module(x), {"embedding_1.weight": (module.weight, lambda a: a)}
    else:
        x = torch.tensor(draw.normal(size=(ROWS, STEPS, FEATURES)), requires_grad=True)
        parts = ("hidden", "cell") if layer == "lstm" else ("hidden",)
        start = {part: draw.normal(size=(ROWS, UNITS)) for part in parts} if carried else {}
        if layer == "multi_head_attention":
            y, names = attention(options, x, lengths)
        else:
            y, end, names = recurrent(layer, options, x, lengths, start)
        found |= {f"start.{part}": array for part, array in start.items()}
        if carried:
            found |= {
                f"end.{part}": tensor[0].detach().numpy() for part, tensor in zip(parts, end, strict=True)
            }
    dy = torch.tensor(draw.normal(size=tuple(y.shape)))
    y.backward(dy)
    found |= {"x": x.detach().numpy(), "dy": dy.numpy(), "y": y.detach().numpy()}
    if x.requires_grad:
        found["dx"] = x.grad.numpy()
    if lengths is not None:
        found["lengths"] = np.array(lengths, np.int32)
    for name, (tensor, ours) in names.items():
        found |= {f"p.{name}": ours(tensor.detach()).numpy(), f"d.{name}": ours(tensor.grad).numpy()}
    return found


def main():
    torch.manual_seed(0)
    draw = np.random.default_rng(0)
    arrays = {"cases": np.array(json.dumps([[layer, options] for layer, options, _, _ in CASES]))}
    for index, case in enumerate(CASES):
        arrays |= {f"{index}.{name}": array for name, array in record(*case, draw).items()}
    np.savez_compressed(Path(__file__).parent / "sequences.npz", **arrays)


if __name__ == "__main__":
    main()
