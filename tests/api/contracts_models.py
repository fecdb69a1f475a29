"""What holds for the registry of models and for the answers of its versions."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np

from alpha_pulse import __version__
from alpha_pulse.api.schemas.inference import InferenceResponse, ModelMetadata
from alpha_pulse.gateway.model_messages import ModelDetails, ModelList, ModelVersion, ServedModels
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.serving.registry.difference import VersionDifference
from api.contracts import LOOPS, MS, contract
from api.running import SYMBOL, Running

MODELS = "/api/v1/models"
VOLATILITY = f"{SYMBOL}/volatility"
AUDIT = {"reason": "audit", "actor": "risk"}


def registered(live: Running, target: str = "direction") -> str:
    """The batch model of a target in the registry."""
    found = live.get(f"{MODELS}?symbol={SYMBOL}&target={target}", ModelList).versions
    return next(each.version for each in found if each.kind == "batch")


@contract("GET", "/api/v1/models")
def versions(live: Running) -> None:
    found = live.get(MODELS, ModelList)
    assert found.problem is None
    for target in ("direction", "volatility"):
        own = [each for each in found.versions if each.kind == "batch" and each.target == target]
        trained = live.sql(
            "SELECT trained_ts, examples FROM models WHERE session_id = ? ORDER BY seq DESC", f"{SYMBOL}/{target}"
        )
        assert [(each.made_ms, each.examples) for each in own] == [(ts // MS, examples) for ts, examples in trained]
        assert [each.parent for each in own] == [*(each.version for each in own[1:]), None]
        assert {(each.run_id, each.model, each.last_ms == each.made_ms) for each in own} == {("a test", "lightgbm", True)}
    assert {(served.symbol, served.target) for served in found.served} == {(SYMBOL, "direction"), (SYMBOL, "volatility")}
    assert live.get(f"{MODELS}?symbol=OTHER", ModelList) == ModelList([], [])
    live.refused(422, f"{MODELS}?state=king", method="GET", said="state")


@contract("POST", "/api/v1/models/{version}/move")
@contract("POST", "/api/v1/models/rollback")
@contract("POST", "/api/v1/models/register")
@contract("GET", "/api/v1/models/diff")
@contract("GET", "/api/v1/models/{version}")
def ladder(live: Running) -> None:
    batch = registered(live)
    if live.get(f"{MODELS}/{batch[:8]}", ModelDetails).version.state != "champion":
        live.post(f"{MODELS}/{batch[:8]}/move", {"state": "champion", "reason": "the first one"})
    live.post("/api/v1/system/step", {"steps": 1})
    online = live.post(f"{MODELS}/register", {"session_id": LOOPS, "actor": "me"}, ModelVersion, status=201)
    labels = live.sql("SELECT count(*) FROM labels WHERE target = 'direction' AND label IS NOT NULL")[0][0]
    assert (online.kind, online.state, online.examples) == ("online", "candidate", labels)
    served = live.post(f"{MODELS}/{online.version}/move", {"state": "champion", **AUDIT}, ServedModels)
    assert (served.champion, served.challenger) == (online.version, batch)
    moved = live.get(f"{MODELS}/{online.version[:20]}", ModelDetails)
    assert (moved.version.alias, moved.seq) == ("champion", live.sql("SELECT max(seq) FROM journal")[0][0])
    assert [(move.action, move.actor, move.reason) for move in moved.moves] == [
        ("add", "me", "registered on request"), ("move", "risk", "audit"),
    ]  # fmt: skip
    assert live.get(f"{MODELS}/{LOOPS}@challenger", ModelDetails).version.version == batch
    apart = live.get(f"{MODELS}/diff?first={batch}&second={LOOPS}@champion", VersionDifference)
    assert {"kind", "model"} <= {field.name for field in apart.fields}
    live.refused(409, f"{MODELS}/{batch}/move", {"state": "candidate", "reason": "x"}, said="cannot become candidate")
    assert live.post(f"{MODELS}/rollback", {"session_id": LOOPS, **AUDIT}, ServedModels).champion == batch
    live.refused(409, f"{MODELS}/rollback", {"session_id": LOOPS, **AUDIT}, said="no earlier champion")
    measured = live.http.get("/metrics", headers=live.bearer).text
    session, now = f'symbol="{SYMBOL}",target="direction"', live.get("/api/v1/system")["ts_ms"]
    made = live.get(f"{MODELS}/{LOOPS}@champion", ModelDetails).version.made_ms
    assert made is not None
    (age,) = re.findall(f"alpha_pulse_champion_age_seconds{{{session}}} (.+)", measured)
    assert float(age) == (now - made) / 1e3
    assert re.search(f"alpha_pulse_model_promotions_total{{{session}}} [1-9]", measured)
    assert re.search(f"alpha_pulse_model_rollbacks_total{{{session}}} [1-9]", measured)
    assert f"alpha_pulse_champion_frozen{{{session}}} 0.0" in measured
    live.refused(404, f"{MODELS}/abcdefgh", method="GET", said="contains no version 'abcdefgh'")
    live.refused(404, f"{MODELS}/register", {"session_id": f"{SYMBOL}/nothing"}, said="has no session")
    live.refused(422, f"{MODELS}/{batch}/move", {"state": "shadow"}, said="reason")


@contract("POST", "/api/v1/models/freeze")
@contract("POST", "/api/v1/models/unfreeze")
def freezing(live: Running) -> None:
    frozen = live.post(f"{MODELS}/freeze", {"session_id": VOLATILITY, **AUDIT}, ServedModels)
    assert (frozen.frozen, frozen.frozen_by, frozen.frozen_reason) == (True, "risk", "audit")
    change = {"state": "champion", "reason": "x"}
    live.refused(409, f"{MODELS}/{registered(live, 'volatility')}/move", change, said="is frozen by risk (audit)")
    live.refused(409, f"{MODELS}/freeze", {"session_id": VOLATILITY, **AUDIT}, said="is frozen already")
    assert not live.post(f"{MODELS}/unfreeze", {"session_id": VOLATILITY, **AUDIT}, ServedModels).frozen
    live.refused(404, f"{MODELS}/freeze", {"session_id": "SYN/volatilty", **AUDIT}, said="did you mean 'SYN/volatility'?")


# The Open Inference Protocol.


def asked(rows: list[Any], shape: list[int], **more: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "features", "shape": shape, "datatype": "FP64", "data": rows}], **more}


def answered(live: Running, path: str, body: dict[str, Any]) -> InferenceResponse:
    return live.post(f"/v2/models/{path}/infer", body, InferenceResponse)


def wrong(live: Running, status: int, path: str, body: Any, said: str, method: str = "POST") -> None:
    """An error in the form of the protocol."""
    answer = live.send(method, path, body)
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    assert said in answer.json()["error"]


@contract("GET", "/v2")
@contract("GET", "/v2/health/live")
@contract("GET", "/v2/health/ready")
def server(live: Running) -> None:
    assert live.get("/v2") == {"name": "alpha-pulse", "version": __version__, "extensions": ["binary_tensor_data"]}
    assert live.get("/v2/health/live", token=None) == {"live": True}
    assert live.get("/v2/health/ready", token=None) == {"ready": True}
    answer = live.send("GET", "/v2", token=None)
    assert (answer.status_code, list(answer.json())) == (401, ["error"])


@contract("POST", "/v2/models/{model_name}/versions/{version}/infer")
@contract("GET", "/v2/models/{model_name}/versions/{version}/ready")
@contract("GET", "/v2/models/{model_name}/versions/{version}")
def version_answers(live: Running) -> None:
    version = registered(live, "volatility")
    path = f"{VOLATILITY}/versions/{version[:10]}"
    about = live.get(f"/v2/models/{path}", ModelMetadata)
    width = about.inputs[0].shape[1]
    rows, served = [], []
    for block in decoded_blocks(live.system.store):
        if block.tables:
            found = block.column("numbers", "volatility.raw_batch")
            rows += block.tables["features"][~np.isnan(found)][:, :width].tolist()
            served += found[~np.isnan(found)].tolist()
    rows, served = rows[-50:], served[-50:]
    answer = answered(live, path, asked(rows, [50, width], id="mine"))
    assert (answer.id, answer.model_name, answer.model_version) == ("mine", VOLATILITY, version)
    assert answer.outputs[0].data == served
    assert answer.outputs[0].shape == [50]
    flat = [number for row in rows for number in row]
    assert answered(live, path, asked(flat, [50, width])).outputs == answer.outputs
    assert answered(live, path, asked(rows[0], [width])).outputs[0].data == served[:1]
    assert live.get(f"/v2/models/{path}/ready") == {"name": VOLATILITY, "ready": True}
    wrong(live, 404, f"/v2/models/{LOOPS}/versions/{version}/infer", asked(rows, [50, width]), "is not one of 'SYN/direction'")
    for body, said in (
        (asked(rows, [50, width - 1]), f"the model has {width} features"),
        (asked(rows[:-1], [50, width]), f"has {49 * width} numbers"),
        (asked([["a"] * width], [1, width]), "are not numbers or rows of numbers"),
        (asked([True] * width, [width]), "are not numbers or rows of numbers"),
        ({"inputs": [{**asked([], [0, width])["inputs"][0], "name": "feature"}]}, "did you mean 'features'?"),
        ({"inputs": [{**asked([], [0, width])["inputs"][0], "datatype": "BYTES"}]}, "datatype 'BYTES'"),
        (asked([], [0, width], outputs=[{"name": "probabilities"}]), "did you mean 'probability'?"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [{"name": "features", "shape": [1, width], "datatype": "FP64"}]}, "neither data nor the parameter"),
        (b"{", "the body cannot be used"),
    ):
        wrong(live, 422, f"/v2/models/{path}/infer", body, said)
    for kind, name in (("<f8", "FP64"), ("<f4", "FP32")):
        values = np.array(rows).astype(kind)
        found = binary(live, path, values, name, values.nbytes).json()["outputs"][0]["data"]
        assert found == answered(live, path, asked(values.tolist(), [50, width])).outputs[0].data
        assert "bytes of" in binary(live, path, values, name, values.nbytes - 8).json()["error"]
        assert "but the body has" in binary(live, path, values, name, values.nbytes, ahead=1 << 29).json()["error"]


def binary(live: Running, path: str, values: Any, kind: str, size: int, ahead: int = 0) -> Any:
    """A request with a binary tensor of ``values``, which states ``size`` bytes."""
    tensor = {"name": "features", "shape": list(values.shape), "datatype": kind, "parameters": {"binary_data_size": size}}
    text = msgspec.json.encode({"inputs": [tensor]})
    headers = {**live.bearer, "Inference-Header-Content-Length": str(len(text) + ahead)}
    return live.http.post(f"/v2/models/{path}/infer", content=text + values.tobytes(), headers=headers)


@contract("POST", "/v2/models/{model_name}/infer")
@contract("GET", "/v2/models/{model_name}/ready")
@contract("GET", "/v2/models/{model_name}")
def champion_answers(live: Running) -> None:
    found = live.get(f"{MODELS}?target=volatility", ModelList)
    version = registered(live, "volatility")
    if found.served[0].champion is None:
        wrong(live, 404, f"/v2/models/{VOLATILITY}/infer", asked([], [0, 1]), "has no champion; promote a version")
        live.post(f"{MODELS}/{version}/move", {"state": "champion", "reason": "it answers"})
    about = live.get(f"/v2/models/{VOLATILITY}", ModelMetadata)
    assert version in about.versions
    width = about.inputs[0].shape[1]
    answer = answered(live, VOLATILITY, asked([[0.0] * width] * 2, [2, width]))
    assert answer.model_version == version
    assert answer == answered(live, f"{VOLATILITY}/versions/{version}", asked([[0.0] * width] * 2, [2, width]))
    assert answered(live, VOLATILITY, asked([], [0, width])).outputs[0].data == []
    assert live.get(f"/v2/models/{VOLATILITY}/ready")["ready"] is True
    wrong(live, 404, "/v2/models/SYN/nothing", None, "the name of a model is SYMBOL/target", "GET")
    wrong(live, 404, "/v2/models/SYN/nothing/infer", asked([], [0, 1]), "contains no versions of 'SYN/nothing'")
    wrong(live, 404, "/v2/nothing", None, "there is no /v2/nothing", "GET")
    assert msgspec.json.decode(live.send("GET", f"/v2/models/{VOLATILITY}").content)["outputs"][0]["name"] == "probability"
