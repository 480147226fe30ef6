"""A .tflite file in int8 by LiteRT's own quantiser: static, weights per channel. In the converter's process alone."""

import os
from pathlib import Path
from typing import Any

from bench.worker.calibration_files import calibration_batches

# What XNNPACK computes in int8 (its delegate's list of quantised operators), as far as LiteRT's quantiser knows it.
# LiteRT's own kernels would take the rest, and cut the network into parts at each.
_INT8 = (
    *("CONV_2D", "CONV_2D_TRANSPOSE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SUB", "MUL", "MEAN"),
    *("LOGISTIC", "TANH", "RELU", "MAX_POOL_2D", "RESIZE_BILINEAR", "PAD", "CONCATENATION", "SPLIT", "SLICE"),
    *("STRIDED_SLICE", "RESHAPE", "TRANSPOSE"),
)
# But norms: their sums are of numbers too far apart. An operation's name has the classes that it comes from.
_OF_NORMS, _NORMS = ("ADD", "SUB", "MUL", "MEAN"), "(Layer|Group|Instance)Norm"


def quantise(graph: Path, program: Path) -> bytes:
    """The float32 file `graph` in int8, its inputs and outputs in float32; calibrated on what lies beside `program`."""
    from ai_edge_quantizer.calibrator import Calibrator
    from ai_edge_quantizer.quantizer import Quantizer
    from ai_edge_quantizer.recipe_manager import RecipeManager
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    recipe = RecipeManager()
    recipe.load_quantization_recipe(_recipe())
    # The quantiser's own `calibrate` takes a moving average of the batches' ranges.
    calibrator = Calibrator(str(graph), num_threads=len(os.sched_getaffinity(0)), qsv_update_func=min_max_update)
    (signature,) = calibrator.get_signature_list()
    batches = [{f"args_{at}": array for at, array in enumerate(arrays)} for arrays in calibration_batches(program)]
    calibrator.calibrate({signature: batches}, recipe)
    made = Quantizer(str(graph), _recipe()).quantize(calibrator.get_model_qsvs())
    return bytes(made.quantized_model)


def _recipe() -> list[dict[str, Any]]:
    from ai_edge_quantizer.algorithm_manager import AlgorithmName
    from ai_edge_quantizer.qtyping import TFLOperationName
    from ai_edge_quantizer.recipe_manager import RecipeManager

    recipe = RecipeManager()
    for name in _INT8:
        recipe.add_static_config(".*", TFLOperationName[name], activation_num_bits=8, weight_num_bits=8)
    for name in _OF_NORMS:
        recipe.add_quantization_config(_NORMS, TFLOperationName[name], algorithm_key=AlgorithmName.NO_QUANTIZE)
    made: list[dict[str, Any]] = recipe.get_quantization_recipe()
    return made
