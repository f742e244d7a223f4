"""The sizes that TensorFlow Lite's own interpreter gives every tensor of a model, in a process of its own: a model is a
stranger's program.

    python -P tflite_shapes_child.py MODEL INPUTS        INPUTS: JSON, name of an input → its sizes

The last line of stdout is JSON: `shapes`, number of a tensor → its sizes. It uses whichever TensorFlow Lite this Python
has, and nothing of the project; where it has none it ends with 3.
"""

from __future__ import annotations

import importlib
import json
import sys

NO_RUNTIME = 3
MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


def _main(model: str, inputs: dict[str, list[int]]) -> int:
    for name in MODULES:
        try:
            module = importlib.import_module(name)
            break
        except ModuleNotFoundError:
            continue
    else:
        return NO_RUNTIME
    # A delegate keeps the tensors within its part to itself: their sizes would stay those of the file.
    options = {}
    if hasattr(module, "OpResolverType"):
        options["experimental_op_resolver_type"] = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = module.Interpreter(model_path=model, num_threads=2, **options)
    for each in interpreter.get_input_details():
        if each["name"] in inputs:
            interpreter.resize_tensor_input(each["index"], inputs[each["name"]], strict=False)
    interpreter.allocate_tensors()
    # Sizes that follow from values are known once it ran.
    interpreter.invoke()
    shapes = {str(each["index"]): [int(size) for size in each["shape"]] for each in interpreter.get_tensor_details()}
    print(json.dumps({"shapes": shapes}))
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], json.loads(sys.argv[2])))
