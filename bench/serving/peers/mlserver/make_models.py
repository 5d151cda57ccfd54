"""Writes a perceptron as ONNX: `make_models.py FILE WIDTH WIDTH ...`; input "x" float [N, first], output "y" float [N, last]."""

import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

file, widths = sys.argv[1], [int(word) for word in sys.argv[2:]]
random = np.random.default_rng(1)
nodes, constants, before = [], [], "x"
for layer, (width, following) in enumerate(zip(widths, widths[1:])):
    weights = random.standard_normal((width, following)) / np.sqrt(width)
    constants.append(numpy_helper.from_array(weights.astype(np.float32), f"w{layer}"))
    constants.append(numpy_helper.from_array(np.zeros(following, np.float32), f"b{layer}"))
    isLast = layer == len(widths) - 2
    name = "scores" if isLast else f"h{layer}"
    nodes.append(helper.make_node("Gemm", [before, f"w{layer}", f"b{layer}"], [name]))
    before = "y" if isLast else f"r{layer}"
    nodes.append(helper.make_node("Softmax" if isLast else "Relu", [name], [before]))
value = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
graph = helper.make_graph(nodes, "mlp", [value("x", widths[0])], [value("y", widths[-1])], constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
checker.check_model(model)
save(model, file)
