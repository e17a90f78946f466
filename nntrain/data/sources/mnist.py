"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, in four files."""

from nntrain.data.files.download import Remote
from nntrain.data.files.known import KnownFiles
from nntrain.data.images.idx_pairs import MnistFormat


class Mnist(MnistFormat, name="mnist"):
    """Handwritten digits, 28 x 28 pixels; 60,000 for training and 10,000 for testing.

    Searched in `root`, `$NNTRAIN_DATA/mnist` and `~/.cache/nntrain/data/mnist`; downloaded (12 MB) if not found.

    Source: LeCun, Bottou, Bengio & Haffner 1998, Gradient-based learning applied to document recognition.
    """

    # Sizes and hashes of the original files of yann.lecun.com, as in TensorFlow Datasets; both mirrors hold these files.
    known = KnownFiles(
        "mnist",
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        (
            Remote(
                "train-images-idx3-ubyte.gz",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            Remote(
                "train-labels-idx1-ubyte.gz",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            Remote(
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            Remote(
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
    )
    names = tuple("0123456789")
