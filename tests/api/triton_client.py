"""What tritonclient's HTTP client makes of a server, as JSON: ``python -m api.triton_client HOST:PORT MODEL VERSION`` reads the
token and the rows from standard input."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np


def main(address: str, model: str, version: str) -> None:
    """Ask everything that the protocol has."""
    import tritonclient.http as triton  # type: ignore[import-not-found]

    given = json.load(sys.stdin)
    headers = {"Authorization": f"Bearer {given['token']}"}
    client = triton.InferenceServerClient(address)
    rows = np.array(given["rows"])

    def infer(kind: str, **more: Any) -> dict[str, Any]:
        tensor = triton.InferInput("features", list(rows.shape), kind)
        values = rows.astype(np.float64 if kind == "FP64" else np.float32)
        tensor.set_data_from_numpy(values, binary_data=more.pop("binary", False))
        wanted = [triton.InferRequestedOutput("probability", binary_data=False)]
        found = client.infer(model, [tensor], outputs=wanted, headers=dict(headers), **more)  # it adds some of its own
        return {**found.get_response(), "numpy": found.as_numpy("probability").tolist()}

    def refusal(**more: Any) -> str:
        try:
            infer("FP64", **more)
        except triton.InferenceServerException as error:
            return str(error)
        return "accepted"

    told = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "server": client.get_server_metadata(headers=headers),
        "model_ready": client.is_model_ready(model, headers=headers),
        "version_ready": client.is_model_ready(model, version, headers=headers),
        "unknown_ready": client.is_model_ready(model, "abcdefgh", headers=headers),
        "metadata": client.get_model_metadata(model, version, headers=headers),
        "champion": infer("FP64", request_id="a1"),
        "version": infer("FP64", model_version=version),
        "single": infer("FP32", model_version=version),
        "binary": infer("FP64", binary=True),
        "unknown": refusal(model_version="abcdefgh"),
    }
    client.close()
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
