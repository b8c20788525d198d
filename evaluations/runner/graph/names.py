"""What torch's operators are called in a canonical graph, and which of them say nothing about a model."""

# The same numbers under another shape, type or address; what is random only while training.
SILENT = frozenset(
    [
        "view",
        "_unsafe_view",
        "view_as",
        "reshape",
        "reshape_as",
        "flatten",
        "unflatten",
        "squeeze",
        "unsqueeze",
        "transpose",
        "permute",
        "t",
        "swapaxes",
        "swapdims",
        "movedim",
        "moveaxis",
        "numpy_T",
        "mT",
        "adjoint",
        "expand_as",
        "broadcast_to",
        "contiguous",
        "clone",
        "alias",
        "to",
        "_to_copy",
        "type_as",
        "float",
        "lift_fresh_copy",
        "lift_fresh",
        "dropout",
        "alpha_dropout",
        "feature_dropout",
        "native_dropout",
        "detach",
        "detach_",
        "unfold_copy",
        "view_as_real",
        "view_as_complex",
    ]
)
VIEWS = SILENT - {"contiguous", "clone", "to", "_to_copy", "type_as", "float", "dropout"} | {
    "slice",
    "select",
    "expand",
}
# Results that depend on an operand's shape alone.
OF_SHAPE = frozenset(
    [
        "zeros_like",
        "ones_like",
        "full_like",
        "empty_like",
        "rand_like",
        "randn_like",
        "new_zeros",
        "new_ones",
        "new_full",
        "new_empty",
        "sym_size",
    ]
)
SPLITS = frozenset(
    {"chunk", "split", "split_with_sizes", "unbind", "tensor_split", "unsafe_chunk", "unsafe_split"}
)
PRODUCTS = frozenset(
    {"linear", "matmul", "mm", "bmm", "mv", "dot", "addmm", "addbmm", "baddbmm", "einsum", "inner"}
)
WITH_BIAS_FIRST = frozenset({"addmm", "addbmm", "baddbmm"})
CONVOLUTIONS = frozenset({"conv1d", "conv2d", "conv3d", "convolution"})
LOOKUPS = frozenset({"embedding", "index", "index_select", "take"})
# Over which axis: the one of time, or another.
ALONG = frozenset(
    [
        "softmax",
        "log_softmax",
        "sum",
        "mean",
        "prod",
        "var",
        "std",
        "var_mean",
        "norm",
        "linalg_vector_norm",
        "max",
        "min",
        "amax",
        "amin",
        "argmax",
        "logsumexp",
        "cumsum",
        "cumprod",
        "cummax",
        "logcumsumexp",
        "cat",
        "flip",
        "roll",
        "sort",
        "topk",
        "normalize",
    ]
)
SAME = {
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "special_softmax": "softmax",
    "stack": "cat",
    "concat": "cat",
    "concatenate": "cat",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "subtract": "sub",
    "negative": "neg",
    "absolute": "abs",
    "special_expit": "sigmoid",
    "native_layer_norm": "layer_norm",
    "_fused_rms_norm": "rms_norm",
    "fused_rms_norm": "rms_norm",
    "native_group_norm": "group_norm",
    "clip": "clamp",
    "clamp_min": "clamp",
    "clamp_max": "clamp",
    "repeat_interleave": "repeat",
    "tile": "repeat",
    "masked_fill": "mask",
    "copy": "write",
    "index_put": "write",
    "tril": "mask",
    "triu": "mask",
}


def operation(target: object) -> str:
    """`aten.add_.Tensor` -> `add`: without overload, and in place or not."""
    name = (
        str(target).removeprefix("aten.").partition(".")[0]
        if str(target).startswith("aten.")
        else _bare(target)
    )
    name = name if name.startswith("__") else name.rstrip("_") or name
    return SAME.get(name, name)


def is_in_place(target: object) -> bool:
    """Whether an operator changes its first operand: `aten.add_.Tensor`."""
    name = str(target).removeprefix("aten.").partition(".")[0]
    return str(target).startswith("aten.") and name.endswith("_") and not name.endswith("__")


def _bare(target: object) -> str:
    name = getattr(target, "__name__", None) or str(target)
    return str(name).rpartition(".")[2]
