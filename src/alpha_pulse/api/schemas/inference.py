"""Bodies of the Open Inference Protocol, version 2: requests, responses, metadata and errors.

The tensors of a request are JSON, or binary: then a header states how many bytes of the body are JSON, and the tensor's numbers
follow, little-endian. Those of responses are JSON.

References
----------
https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md
"""

from __future__ import annotations

from math import prod
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from alpha_pulse.api.schemas.requests import decode_body
from alpha_pulse.core.errors import DataError, did_you_mean
from alpha_pulse.models.base import Row

INPUT, OUTPUT = "features", "probability"
"""The names of the tensors of every model."""
DATATYPES = {"FP64": "<f8", "FP32": "<f4", "INT64": "<i8", "INT32": "<i4", "INT16": "<i2", "INT8": "|i1"}
"""Of an input, with the types of numpy; whatever it is, the model receives float64."""
FP64 = "FP64"
BINARY = "binary_tensor_data"
"""The extension of binary tensors, in the metadata of the server."""
BINARY_HEADER = "inference-header-content-length"
"""The header of a request with a binary tensor: the bytes of the JSON."""
BINARY_SIZE = "binary_data_size"
"""The parameter of a binary tensor: its bytes."""
Size = Annotated[int, Meta(ge=0)]


class InferenceError(msgspec.Struct, frozen=True):
    """The body of a refused request: one sentence."""

    error: str


class InputTensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An input: ``data`` is a list of numbers, or of rows of numbers; None for a binary tensor."""

    name: str
    shape: Annotated[list[Size], Meta(min_length=1, max_length=2)]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}


class RequestedOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An output that is wanted."""

    name: str
    parameters: dict[str, Any] = {}


class InferenceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of features, in the order of the model's schema."""

    inputs: Annotated[list[InputTensor], Meta(min_length=1, max_length=1)]
    id: str | None = None
    outputs: list[RequestedOutput] | None = None
    parameters: dict[str, Any] = {}


class OutputTensor(msgspec.Struct, frozen=True):
    """P(label = 1) of each row."""

    name: str
    shape: list[int]
    datatype: str
    data: list[float]


class InferenceResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of one version, which is named."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | None = None


class TensorMetadata(msgspec.Struct, frozen=True):
    """A tensor; -1 is any number of rows."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(msgspec.Struct, frozen=True):
    """A model: its versions, the newest first, and its tensors."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ServerMetadata(msgspec.Struct, frozen=True):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class Live(msgspec.Struct, frozen=True):
    """Whether the server is up."""

    live: bool


class Ready(msgspec.Struct, frozen=True):
    """Whether requests can be answered."""

    ready: bool


class ModelReady(msgspec.Struct, frozen=True):
    """Whether a version can answer."""

    name: str
    ready: bool


_request = msgspec.json.Decoder(InferenceRequest)


def read_request(body: bytes, json_size: str | None) -> tuple[InferenceRequest, bytes]:
    """A request and its binary tensor; ``json_size`` is the header that states the bytes of the JSON. Raises DataError."""
    if json_size is None:
        return decode_body(body, _request), b""
    if not json_size.isdigit() or len(json_size) > 9 or int(json_size) > len(body):
        raise DataError(f"the header {BINARY_HEADER} is {json_size[:80]!r}, but the body has {len(body)} bytes")
    return decode_body(body[: int(json_size)], _request), body[int(json_size) :]


def rows_of(request: InferenceRequest, binary: bytes, n_features: int) -> Row:
    """The rows of a request, float64 of shape (n, n_features). Raises DataError with the name of what is wrong.

    >>> rows_of(InferenceRequest([InputTensor("features", [2, 1], "FP64", [0.5, 1.5])]), b"", 1).tolist()
    [[0.5], [1.5]]
    """
    tensor = request.inputs[0]
    if tensor.name != INPUT:
        raise DataError(f"input {tensor.name[:80]!r} is unknown{did_you_mean(tensor.name, [INPUT])}")
    if tensor.datatype not in DATATYPES:
        raise DataError(f"datatype {tensor.datatype[:80]!r} of input {INPUT!r} is not one of {', '.join(DATATYPES)}")
    for output in request.outputs or ():
        if output.name != OUTPUT:
            raise DataError(f"output {output.name[:80]!r} is unknown{did_you_mean(output.name, [OUTPUT])}")
    if tensor.shape[-1] != n_features:
        raise DataError(f"input {INPUT!r} has shape {tensor.shape}, but the model has {n_features} features; see its metadata")
    values = _binary(tensor, binary) if tensor.data is None else _numbers(tensor.data)
    if values.size != prod(tensor.shape):
        raise DataError(f"input {INPUT!r} has {values.size} numbers, but its shape {tensor.shape} has {prod(tensor.shape)}")
    return values.reshape(-1, n_features)


def _binary(tensor: InputTensor, content: bytes) -> Row:
    size, kind = tensor.parameters.get(BINARY_SIZE), np.dtype(DATATYPES[tensor.datatype])
    if size is None:
        raise DataError(f"input {INPUT!r} has neither data nor the parameter {BINARY_SIZE!r}")
    if size != len(content) or len(content) % kind.itemsize:
        raise DataError(f"input {INPUT!r} states {size!r} bytes of {tensor.datatype}, but {len(content)} follow the JSON")
    return np.frombuffer(content, kind).astype(np.float64)


def _numbers(data: list[Any]) -> Row:
    try:
        if data and isinstance(data[0], list):
            rows = msgspec.convert(data, list[list[float]])
            return np.array([number for row in rows for number in row], dtype=np.float64)
        return np.array(msgspec.convert(data, list[float]), dtype=np.float64)
    except msgspec.ValidationError as error:
        raise DataError(f"the data of input {INPUT!r} are not numbers or rows of numbers: {error}") from None
