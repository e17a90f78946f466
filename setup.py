"""The packages that pyproject.toml cannot name: configs/ is installed as nntrain/configs, for `nntrain new`."""

from setuptools import find_namespace_packages, setup

setup(packages=[*find_namespace_packages(include=["nntrain*"]), "nntrain.configs"], package_dir={"nntrain.configs": "configs"})
