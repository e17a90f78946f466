"""Refusal: why a file is not read, and what to do instead."""

from typing import NoReturn

from nntrain.errors import UserError

SAVE_WEIGHTS = "Save the weights alone: `torch.save(model.state_dict(), 'weights.pt')`."
SAVE_TENSORS = "Save the weights as plain tensors: `torch.save(model.state_dict(), 'weights.pt')`."
# Modules of Python from which only a file that means harm calls something.
DANGEROUS = {
    *("os", "posix", "nt", "builtins", "__builtin__", "sys", "subprocess", "shutil", "runpy", "importlib"),
    *("pickle", "_pickle", "marshal", "socket", "ctypes", "code", "codeop", "pty", "webbrowser", "types"),
    *(
        "operator",
        "_operator",
        "functools",
        "multiprocessing",
        "asyncio",
        "timeit",
        "pdb",
        "bdb",
        "io",
        "_io",
    ),
    *("imp", "pkgutil", "platform", "signal", "threading", "_thread", "urllib", "http", "ftplib", "smtplib"),
    *(
        "tempfile",
        "pathlib",
        "glob",
        "site",
        "sysconfig",
        "commands",
        "requests",
        "pip",
        "doctest",
        "cProfile",
    ),
}
UNSUPPORTED = {
    "_rebuild_sparse_tensor": "sparse tensors",
    "_rebuild_sparse_csr_tensor": "sparse tensors",
    "_rebuild_qtensor": "quantized tensors",
    "_rebuild_nested_tensor": "nested tensors",
    "_rebuild_meta_tensor_no_storage": "tensors without values, of the device meta",
    "_rebuild_wrapper_subclass": "tensors of a class of their own",
    "_rebuild_from_type_v2": "tensors of a class of their own",
    "_rebuild_tensor_v3": "tensors of a type of numbers that is not supported",
}


class Refused(UserError):
    """The file holds something that is not read. The reader adds the place."""


def refuse_global(module: str, name: str) -> NoReturn:
    """Refuses a name that a pickle looks up. No code runs, nor is anything imported."""
    full = f"{module}.{name}"
    if module.split(".")[0] in DANGEROUS:
        raise Refused(
            f"it asks to call {full}: nothing of it was run",
            "Weights need no such call. Do not open this file with other tools either.",
        )
    if module.startswith(("torch.nn.", "torch.fx", "torchvision.models")):
        raise Refused(f"it holds a whole model, of the class {full}, not its weights alone", SAVE_WEIGHTS)
    if what := UNSUPPORTED.get(name):
        raise Refused(f"it holds {what}, which are not read: {full}", SAVE_TENSORS)
    if module.startswith("__torch__"):
        raise Refused("it holds a TorchScript program, not weights alone", SAVE_WEIGHTS)
    raise Refused(
        f"it holds an object of {full}; only tensors and plain containers are read, and nothing of it was run",
        f"If it is a whole model, or a checkpoint with other objects: {SAVE_WEIGHTS[0].lower()}{SAVE_WEIGHTS[1:]}",
    )
