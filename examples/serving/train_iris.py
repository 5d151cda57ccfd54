"""Writes a scikit-learn model as MLServer wants it; run with a Python that has scikit-learn and joblib."""

import json
import pathlib

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

folder = pathlib.Path("/tmp/millwright-toy/iris")
folder.mkdir(parents=True, exist_ok=True)
rows, species = load_iris(return_X_y=True)
joblib.dump(LogisticRegression(max_iter=500).fit(rows, species), folder / "model.joblib")
settings = {
    "name": "iris",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "parameters": {"uri": "./model.joblib"},
}
(folder / "model-settings.json").write_text(json.dumps(settings))
