"""scikit-learn's MLPClassifier: 10 epochs of MNIST, 784-256-128-10, batch 128, adam."""

import warnings

from mnist_files import load
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

warnings.simplefilter("ignore", ConvergenceWarning)
train_x, train_y, test_x, test_y = load()
model = MLPClassifier((256, 128), batch_size=128, max_iter=10, alpha=0, n_iter_no_change=100, random_state=0)
model.fit(train_x, train_y)
print(f"test accuracy {model.score(test_x, test_y):.4f}")
