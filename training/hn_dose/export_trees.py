"""Scikit-learn's histogram boosting as an ONNX graph: features (n, f) to fraction of the highest level (n, 1)."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper
from sklearn.ensemble import HistGradientBoostingRegressor


def below(threshold: np.ndarray) -> np.ndarray:
    """The largest float32 not above each float64 threshold, so that float32 features branch as before."""
    rounded = threshold.astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def tree_attributes(model: HistGradientBoostingRegressor) -> dict[str, list]:
    """The node and leaf lists of ONNX's TreeEnsembleRegressor."""
    out: dict[str, list] = {k: [] for k in (
        "nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes", "nodes_truenodeids",
        "nodes_falsenodeids", "target_treeids", "target_nodeids", "target_ids", "target_weights")}
    for number, (predictor,) in enumerate(model._predictors):
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        count = len(nodes)
        out["nodes_treeids"] += [number] * count
        out["nodes_nodeids"] += range(count)
        out["nodes_featureids"] += np.where(leaf, 0, nodes["feature_idx"]).tolist()
        out["nodes_values"] += np.where(leaf, 0, below(nodes["num_threshold"])).astype(np.float32).tolist()
        out["nodes_modes"] += ["LEAF" if v else "BRANCH_LEQ" for v in leaf]
        out["nodes_truenodeids"] += np.where(leaf, 0, nodes["left"]).tolist()
        out["nodes_falsenodeids"] += np.where(leaf, 0, nodes["right"]).tolist()
        leaves = np.flatnonzero(leaf).tolist()
        out["target_treeids"] += [number] * len(leaves)
        out["target_nodeids"] += leaves
        out["target_ids"] += [0] * len(leaves)
        out["target_weights"] += nodes["value"][leaf].astype(np.float32).tolist()
    return out


def trees_to_onnx(model: HistGradientBoostingRegressor, prior: int) -> onnx.ModelProto:
    """A graph that adds the trees' correction to feature number `prior` and clips to 0 .. 1.2."""
    base = float(np.ravel(model._baseline_prediction)[0])
    nodes = [helper.make_node("TreeEnsembleRegressor", ["features"], ["correction"], domain="ai.onnx.ml", n_targets=1,
                              base_values=[base], **tree_attributes(model)),
             helper.make_node("Gather", ["features", "prior_index"], ["prior"], axis=1),
             helper.make_node("Add", ["prior", "correction"], ["sum"]),
             helper.make_node("Clip", ["sum", "low", "high"], ["fraction"])]
    constants = [helper.make_tensor("prior_index", TensorProto.INT64, [1], [prior]),
                 helper.make_tensor("low", TensorProto.FLOAT, [], [0.0]),
                 helper.make_tensor("high", TensorProto.FLOAT, [], [1.2])]
    graph = helper.make_graph(
        nodes, "trees", [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", model.n_features_in_])],
        [helper.make_tensor_value_info("fraction", TensorProto.FLOAT, ["n", 1])], constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="radoncai")
