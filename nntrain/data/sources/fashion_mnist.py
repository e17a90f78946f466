"""Fashion-MNIST: 70,000 images of clothes in the form of MNIST, and harder."""

from nntrain.data.files.download import Remote
from nntrain.data.files.known import KnownFiles
from nntrain.data.images.idx_pairs import MnistFormat


class FashionMnist(MnistFormat, name="fashion_mnist"):
    """Ten kinds of clothes, 28 x 28 pixels; 60,000 for training and 10,000 for testing.

    Searched in `root`, `$NNTRAIN_DATA/fashion_mnist` and `~/.cache/nntrain/data/fashion_mnist`; downloaded (31 MB) if not found.

    Source: Xiao, Rasul & Vollgraf 2017, Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms.
    """

    # The files whose MD5 (8d4fb7e6..., 25c81989..., bef4ecab..., bb300cfd...) are in the README of
    # github.com/zalandoresearch/fashion-mnist; SHA-256 as in TensorFlow Datasets.
    known = KnownFiles(
        "fashion_mnist",
        ("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",),
        (
            Remote(
                "train-images-idx3-ubyte.gz",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            Remote(
                "train-labels-idx1-ubyte.gz",
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            Remote(
                "t10k-images-idx3-ubyte.gz",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            Remote(
                "t10k-labels-idx1-ubyte.gz",
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
    )
    names = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
