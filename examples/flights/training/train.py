"""Trains the flight-delay model: will this flight be more than 15 minutes late?

Plain Python with the unmodified `mlflow` package. The platform says by environment where things are:

    MLFLOW_TRACKING_URI, MLFLOW_TRACKING_TOKEN, MLFLOW_RUN_ID   the run to log to (mlflow reads them itself)
    MILLWRIGHT_TRAINING_SET     a Parquet file, oldest row first: the features and the label
    MILLWRIGHT_FEATURES         names of the feature columns in the model's order, as JSON
    MILLWRIGHT_LABEL            name of the label column, 0 or 1
    MILLWRIGHT_CHECKPOINT_DIR   a folder that outlives this process: what is written there is there at the next start

Boosting goes in rounds. After each one the metrics are logged and the model is saved, so that a killed process
goes on from its last round. The newest tenth of the rows is for validation: the future is never used to fit.
"""

import json
import os
import pickle
from pathlib import Path

import mlflow
import numpy as np
import pyarrow.parquet as pq
from onnx.reference import ReferenceEvaluator
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss, roc_auc_score

ROUNDS = 5
ITERATIONS_PER_ROUND = 10
VALIDATION_SHARE = 0.1
# Metrics on the rows that were fitted are measured on a part of them: enough for three digits.
TRAIN_SAMPLE = 50_000
ONNX_PROBES = 200
ONNX_TOLERANCE = 1e-5
PARAMS = {"learning_rate": 0.2, "max_leaf_nodes": 31, "min_samples_leaf": 200, "l2_regularization": 1.0, "max_bins": 127}


def read_rows(path, features, label):
    """Reads features as floats (missing values are NaN) and labels, in the order of the file."""
    table = pq.read_table(path, columns=[*features, label])
    columns = [table.column(name).to_numpy().astype(np.float32) for name in features]
    return np.column_stack(columns), table.column(label).to_numpy().astype(np.int8)


def save_checkpoint(path, state):
    """Writes a new file and then renames it, so that a kill leaves the old checkpoint or the new one."""
    fresh = path.with_suffix(".tmp")
    with open(fresh, "wb") as file:
        pickle.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def load_checkpoint(path, asked):
    """The state of an earlier start of this same training, or None. Only this script writes the file."""
    if not path.exists():
        return None
    with open(path, "rb") as file:
        state = pickle.load(file)
    return state if state["asked"] == asked else None


def measure(model, features, labels):
    probabilities = model.predict_proba(features)[:, 1]
    return log_loss(labels, probabilities), roc_auc_score(labels, probabilities)


def train(train_set, valid_set, checkpoint, asked):
    """Fits round by round; starts at the round after the checkpoint's."""
    state = load_checkpoint(checkpoint, asked)
    rounds_done = 0
    model = HistGradientBoostingClassifier(max_iter=ITERATIONS_PER_ROUND, warm_start=True, early_stopping=False, random_state=0, **PARAMS)
    if state is not None:
        model, rounds_done = state["model"], state["rounds_done"]
        print(f"resumed after round {rounds_done} of {ROUNDS}", flush=True)
    sample = np.random.default_rng(0).choice(len(train_set[1]), min(TRAIN_SAMPLE, len(train_set[1])), replace=False)
    for number in range(rounds_done + 1, ROUNDS + 1):
        model.set_params(max_iter=number * ITERATIONS_PER_ROUND)
        model.fit(*train_set)
        train_loss, train_auc = measure(model, train_set[0][sample], train_set[1][sample])
        valid_loss, valid_auc = measure(model, *valid_set)
        step = number * ITERATIONS_PER_ROUND
        mlflow.log_metrics(
            {"train_log_loss": train_loss, "train_auc": train_auc, "valid_log_loss": valid_loss, "valid_auc": valid_auc},
            step=step,
        )
        save_checkpoint(checkpoint, {"asked": asked, "model": model, "rounds_done": number})
        print(f"round {number} of {ROUNDS}: validation AUC {valid_auc:.4f}, log loss {valid_loss:.4f}", flush=True)
    return model


def export_onnx(model, features, valid_features):
    """Writes the model as ONNX and checks that it answers as the original does, missing values included."""
    onnx_model = to_onnx(
        model,
        initial_types=[("features", FloatTensorType([None, len(features)]))],
        options={id(model): {"zipmap": False}},
        target_opset=15,
    )
    random = np.random.default_rng(0)
    probes = valid_features[random.choice(len(valid_features), min(ONNX_PROBES, len(valid_features)), replace=False)]
    holes = np.where(random.random(probes.shape) < 0.3, np.float32(np.nan), probes)
    probes = np.concatenate([probes, holes, np.full((1, len(features)), np.nan, dtype=np.float32)])
    _, found = ReferenceEvaluator(onnx_model).run(None, {"features": probes})
    difference = float(np.abs(found - model.predict_proba(probes)).max())
    if difference > ONNX_TOLERANCE:
        raise SystemExit(f"the ONNX export differs from the model by {difference:.2e}; at most {ONNX_TOLERANCE:.0e} is allowed")
    mlflow.log_metric("onnx_max_abs_difference", difference)
    return onnx_model.SerializeToString()


def main():
    features = json.loads(os.environ["MILLWRIGHT_FEATURES"])
    label = os.environ["MILLWRIGHT_LABEL"]
    path = os.environ["MILLWRIGHT_TRAINING_SET"]
    checkpoint = Path(os.environ["MILLWRIGHT_CHECKPOINT_DIR"]) / "model.pickle"
    checkpoint.parent.mkdir(parents=True, exist_ok=True)

    rows, labels = read_rows(path, features, label)
    cut = int(len(labels) * (1 - VALIDATION_SHARE))
    train_set, valid_set = (rows[:cut], labels[:cut]), (rows[cut:], labels[cut:])
    print(f"{cut:,} rows to fit, {len(labels) - cut:,} newer ones to validate, {len(features)} features", flush=True)

    with mlflow.start_run():
        mlflow.log_params(
            {
                **PARAMS,
                "iterations": ROUNDS * ITERATIONS_PER_ROUND,
                "train_rows": cut,
                "valid_rows": len(labels) - cut,
                "features": ",".join(features),
            }
        )
        asked = {"training_set": Path(path).name, "features": features, "label": label, "params": PARAMS}
        model = train(train_set, valid_set, checkpoint, asked)
        onnx_bytes = export_onnx(model, features, valid_set[0])
        folder = checkpoint.parent / "export"
        folder.mkdir(exist_ok=True)
        (folder / "model.onnx").write_bytes(onnx_bytes)
        (folder / "model.json").write_text(json.dumps({"inputs": features, "label": label, "output": "probabilities"}))
        mlflow.log_artifacts(str(folder), artifact_path="model")
    print(f"logged the model: {len(onnx_bytes):,} bytes of ONNX", flush=True)


if __name__ == "__main__":
    main()
