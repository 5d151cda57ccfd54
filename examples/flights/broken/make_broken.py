"""Writes broken.onnx: a model that loads, and fails on nearly every row.

It looks the first column (a distance in miles) up in a table of two entries, so that a run with a distance outside
0..1 fails. Run with any Python that has the `onnx` package; the argument is the number of columns.
"""

import pathlib
import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

columns = int(sys.argv[1])
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def constant(name, value, dtype):
    return numpy_helper.from_array(np.array(value, dtype=dtype), name)


nodes = [
    helper.make_node("Slice", ["features", "zero", "first", "axis"], ["distance"]),
    helper.make_node("Cast", ["distance"], ["index"], to=INT64),
    helper.make_node("Gather", ["table", "index"], ["looked"], axis=0),
    helper.make_node("Sigmoid", ["looked"], ["late"]),
    helper.make_node("Sub", ["one", "late"], ["punctual"]),
    helper.make_node("Concat", ["punctual", "late"], ["probabilities"], axis=1),
    helper.make_node("Greater", ["late", "half"], ["above"]),
    helper.make_node("Cast", ["above"], ["above64"], to=INT64),
    helper.make_node("Reshape", ["above64", "flat"], ["label"]),
]
constants = [
    constant("zero", [0], np.int64),
    constant("first", [1], np.int64),
    constant("axis", [1], np.int64),
    constant("table", [0.0, 0.0], np.float32),
    constant("one", 1.0, np.float32),
    constant("half", 0.5, np.float32),
    constant("flat", [-1], np.int64),
]
graph = helper.make_graph(
    nodes,
    "broken",
    [helper.make_tensor_value_info("features", FLOAT, [None, columns])],
    [
        helper.make_tensor_value_info("label", INT64, [None]),
        helper.make_tensor_value_info("probabilities", FLOAT, [None, 2]),
    ],
    constants,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
checker.check_model(model)
save(model, pathlib.Path(__file__).parent / "broken.onnx")
