"""Files that mean harm, and files that are damaged, are refused by one line, and nothing in them runs."""

import io
import os
import pickle
import struct
import sys
import tempfile
import zipfile
from pathlib import Path
from random import Random

import h5py
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntrain.errors import UserError
from nntrain.importing import hdf5
from nntrain.importing.pickled import unpickled
from nntrain.importing.read import read_source
from tests.properties.mutations import mutated
from tests.support.imported import FOLDER
from tests.support.scale import examples

MANY = settings(max_examples=examples(150, 3000), deadline=None, suppress_health_check=list(HealthCheck))


class Runs:
    """A pickle of it calls `function` with `arguments` wherever it is loaded."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def pt(
    path: Path, data: bytes, records: dict[str, bytes] | None = None, compression=zipfile.ZIP_STORED
) -> Path:
    """A file of torch.save with this pickle."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", b"3\n")
        for name, content in (records or {}).items():
            archive.writestr(f"archive/{name}", content)
    return path


def a_tensor(key="0", size=4, offset=0, shape=(4,), strides=(1,), kind="FloatStorage") -> bytes:
    """The pickle of {"fc.weight": a tensor}, written by hand: its numbers can be anything."""

    def integer(value: int) -> bytes:
        return b"\x8a" + bytes([9]) + value.to_bytes(9, "little", signed=True)

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    def numbers(values) -> bytes:
        return b"(" + b"".join(map(integer, values)) + b"t"

    storage = (
        b"("
        + text("storage")
        + f"ctorch\n{kind}\n".encode()
        + text(key)
        + text("cpu")
        + integer(size)
        + b"tQ"
    )
    call = b"ctorch._utils\n_rebuild_tensor_v2\n("
    call += storage + integer(offset) + numbers(shape) + numbers(strides) + b"\x89NtR"
    return b"\x80\x02}" + text("fc.weight") + call + b"s."


FOUR = {"data/0": struct.pack("<4f", 1, 2, 3, 4)}


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_source(path)
    assert caught.value.place == str(path)
    return caught.value.message


def test_the_handwritten_tensor_is_read(tmp_path):
    (module,) = read_source(pt(tmp_path / "a.pt", a_tensor(), FOUR)).modules
    assert module.tensors["weight"].load().tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("function", "name"), [(os.system, "system"), (eval, "eval"), (exec, "exec"), (getattr, "getattr")]
)
def test_a_pickle_that_calls_something_is_refused_and_not_run(tmp_path, protocol, function, name):
    trace = tmp_path / "ran"
    argument = f"touch {trace}" if name == "system" else f"open({str(trace)!r}, 'w')"
    arguments = (os, "system") if name == "getattr" else (argument,)
    data = pickle.dumps({"fc.weight": Runs(function, *arguments[-1:])}, protocol)
    message = refusal(pt(tmp_path / "a.pt", data))
    assert not trace.exists()
    if protocol >= 2:
        assert name in message


def test_a_call_is_named_with_what_to_make_of_it(tmp_path, shell, wording):
    shell.write("data: iris\nmodel: {layers: [{dense: 3}]}\nloss: cross_entropy\noptimizer: {sgd: 0.1}\n")
    pt(tmp_path / "a.pt", pickle.dumps({"fc.weight": Runs(os.system, "touch ran")}, 2))
    wording(shell.run("import", "a.pt", "--config", "config.yaml", code=2).stderr)
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "runs").exists()


def test_calls_hidden_behind_allowed_names_are_refused(tmp_path):
    system = b"cposix\nsystem\n"
    hidden = {
        "as the factory of a dictionary": b"ccollections\ndefaultdict\n(" + system + b"tR.",
        "as a state": b"}" + system + b"b.",
        "as a storage": b"(X\x07\x00\x00\x00storage" + system + b"X\x01\x00\x00\x000NK\x01tQ.",
        "by a name in two parts": b"\x8c\x05posix\x8c\x06system\x93.",
        "by the old instruction for objects": b"(iposix\nsystem\n.",
        "by the extension registry": b"\x82\x01.",
        "by an attribute of an allowed name": b"\x8c\x05torch\x8c\x14Size.__class__.mro__\x93.",
    }
    for data in hidden.values():
        message = refusal(pt(tmp_path / "a.pt", b"\x80\x04" + data))
        assert "not a file" not in message


def test_a_state_set_by_the_file_reaches_no_object(tmp_path):
    """`__setstate__` and attributes: only dictionaries have a state here, and it is dropped."""
    data = b"\x80\x02ccollections\nOrderedDict\n)R}X\x09\x00\x00\x00__class__K\x01sb."
    assert unpickled(data) == {}
    name = b"\x80\x02ccollections\nOrderedDict\n}X\x09\x00\x00\x00__class__K\x01sb."
    assert "state" in refusal(pt(tmp_path / "a.pt", name))


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        ({"size": 2**40}, "declares a storage"),
        ({"size": 5}, "declares a storage"),
        ({"shape": (5,)}, "beyond its storage"),
        ({"shape": (2**40,), "strides": (2**40,)}, "beyond its storage"),
        ({"shape": (2, 2), "strides": (4, 1)}, "beyond its storage"),
        ({"offset": 4}, "beyond its storage"),
        ({"offset": 2**50}, "beyond its storage"),
        ({"shape": (-1,)}, "corrupt"),
        ({"strides": (-1,)}, "corrupt"),
        ({"shape": (2**61, 2**61), "strides": (0, 0)}, "impossible shape"),
        ({"shape": (1,) * 40, "strides": (1,) * 40}, "impossible shape"),
        ({"shape": (4,), "strides": (1, 1)}, "impossible shape"),
        ({"key": "1"}, "are missing"),
        ({"key": "../version"}, "are missing"),
        ({"kind": "ComplexFloatStorage"}, "ComplexFloatStorage"),
    ],
)
def test_a_tensor_that_is_not_in_the_file_is_refused(tmp_path, tensor, said):
    assert said in refusal(pt(tmp_path / "a.pt", a_tensor(**tensor), FOUR))


def test_a_tensor_of_one_number_repeated_takes_no_memory(tmp_path):
    """A view of stride 0 can declare any size; it is compared with the network before anything is allocated."""
    data = a_tensor(shape=(2**40,), strides=(0,))
    (module,) = read_source(pt(tmp_path / "a.pt", data, FOUR)).modules
    assert module.tensors["weight"].shape == (2**40,)


def test_compressed_records_are_refused(tmp_path):
    data = a_tensor(size=10**7, shape=(10**7,))
    path = pt(tmp_path / "a.pt", data, {"data/0": bytes(4 * 10**7)}, zipfile.ZIP_DEFLATED)
    assert "compressed" in refusal(path)


def test_records_that_overlap_are_refused(tmp_path):
    """Many entries of the directory can point at the same bytes, and so declare more than the file has."""
    pickled, size = b"\x80\x02}(", 60_000
    for number in range(40):
        one = a_tensor(str(number), size // 4, shape=(size // 4,))
        pickled += b"X\x02\x00\x00\x00%02d" % number + one[one.index(b"ctorch._utils") : -2]
    path = pt(tmp_path / "a.pt", pickled + b"u.", {"data/0": bytes(size)})
    with zipfile.ZipFile(path, "a") as archive:
        first = archive.getinfo("archive/data/0")
        for number in range(1, 40):
            other = zipfile.ZipInfo(f"archive/data/{number:}")
            other.file_size = other.compress_size = size
            other.header_offset, other.CRC = first.header_offset, first.CRC
            archive.filelist.append(other)
            archive.NameToInfo[other.filename] = other
        archive._didModify = True
    message = refusal(path)
    assert "overlap" in message or "corrupt" in message or "truncated" in message


def test_other_kinds_of_files_are_named(tmp_path):
    (tmp_path / "old.pt").write_bytes(
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03."
    )
    assert "before PyTorch 1.6" in refusal(tmp_path / "old.pt")
    (tmp_path / "a.pt").write_bytes(b"no archive")
    assert "not a file of torch.save" in refusal(tmp_path / "a.pt")
    (tmp_path / "a.txt").write_bytes(b"text")
    assert "not a file of weights" in refusal(tmp_path / "a.txt")
    pt(tmp_path / "jit.pt", b"\x80\x02}.", {"code/__torch__.py": b"", "constants.pkl": b""})
    assert "TorchScript" in refusal(tmp_path / "jit.pt")
    nested = pt(tmp_path / "inner.pt", a_tensor(), FOUR).read_bytes()
    with zipfile.ZipFile(tmp_path / "nested.pt", "w") as archive:
        archive.writestr("inner.pt", nested)
    assert "no data.pkl" in refusal(tmp_path / "nested.pt")


def test_a_whole_model_is_refused_with_how_to_save_its_weights(tmp_path):
    data = b"\x80\x02ctorch.nn.modules.container\nSequential\n)\x81}b."
    with pytest.raises(UserError) as caught:
        read_source(pt(tmp_path / "a.pt", data))
    assert "whole model" in caught.value.message
    assert "model.state_dict()" in caught.value.hint
    with pytest.raises(UserError) as caught:
        read_source(pt(tmp_path / "a.pt", b"\x80\x02c__main__\nNet\n)\x81}b."))
    assert "__main__.Net" in caught.value.message
    assert "model.state_dict()" in caught.value.hint


def files(*suffixes: str) -> list[Path]:
    return sorted(path for path in FOLDER.iterdir() if path.name.endswith(suffixes))


def check_mutations(file: Path, choose: Random, where: str) -> None:
    """A damaged file is read or refused; nothing else happens, and nothing runs."""
    data = file.read_bytes()
    if where == "pickle" and file.suffix == ".pt":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            records = {name.split("/", 1)[1]: archive.read(name) for name in archive.namelist()}
        pickled = mutated(records.pop("data.pkl"), choose)
        records.pop("version", None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"damaged{file.suffix}")
        if where == "pickle" and file.suffix == ".pt":
            pt(path, pickled, records)
        else:
            path.write_bytes(mutated(data, choose))
        try:
            source = read_source(path)
        except UserError as error:
            message = error.message
        else:
            message = " ".join(tensor.name for module in source.modules for tensor in module.tensors.values())
        assert message


@MANY
@given(
    file=st.sampled_from(files(".pt")),
    where=st.sampled_from(["pickle", "file"]),
    choose=st.randoms(use_true_random=False),
)
def test_damaged_pytorch_files_give_a_message(file, where, choose):
    check_mutations(file, choose, where)


@MANY
@given(file=st.sampled_from(files(".onnx")), choose=st.randoms(use_true_random=False))
def test_damaged_onnx_files_give_a_message(file, choose):
    check_mutations(file, choose, "file")


@settings(MANY, max_examples=examples(10, 500))  # each starts a process
@given(file=st.sampled_from(files(".keras", ".h5")), choose=st.randoms(use_true_random=False))
def test_damaged_keras_files_give_a_message(file, choose):
    check_mutations(file, choose, "file")


def test_a_file_that_crashes_the_library_of_hdf5_gives_a_message(monkeypatch):
    monkeypatch.setattr(hdf5, "COMMAND", [sys.executable, "-c", "import os; os.abort()"])
    assert "corrupt" in refusal(FOLDER / "keras_mlp.h5")


def test_an_hdf5_file_that_refers_to_another_is_refused(tmp_path):
    path = tmp_path / "a.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "x")
    assert "refers to another file" in refusal(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", (4,), "f4", external=[("/etc/passwd", 0, 16)])
    assert "refers to another file" in refusal(path)


def test_an_hdf5_file_that_declares_more_than_it_has_is_refused(tmp_path):
    path = tmp_path / "a.weights.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", (10**9,), "f4", chunks=(1000,))
    assert "declares 4,000,000,000 bytes, and has 0" in refusal(path)
