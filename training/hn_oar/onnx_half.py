"""Write a network as ONNX with float16 initialisers that are cast to float32 inside the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def write_onnx(network: torch.nn.Module, example: torch.Tensor, path: Path) -> None:
    """Input "image", output "logits"; batch and the three sides are free."""
    axes = {0: "n", 2: "k", 3: "j", 4: "i"}
    torch.onnx.export(network.eval(), (example,), str(path), input_names=["image"], output_names=["logits"],
                      dynamic_axes={"image": axes, "logits": axes}, opset_version=OPSET, dynamo=False)
    onnx.save(halved(onnx.load(str(path))), str(path))


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Float32 initialisers of more than 16 numbers become float16 plus a Cast; the numbers must be rounded already."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) <= 16:
            continue
        name = tensor.name
        small = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), name + "_half")
        tensor.CopyFrom(small)
        casts.append(helper.make_node("Cast", [small.name], [name], to=TensorProto.FLOAT, name=name + "_cast"))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    return model
