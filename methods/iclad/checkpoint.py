"""Weights as a safetensors file with a JSON record beside it that holds its SHA-256; nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from methods.errors import MethodError
from methods.iclad.model import InContextDetector

__all__ = ["SHIPPED", "load", "record_of", "save", "untrained"]

SHIPPED = Path(__file__).parent / "data" / "iclad.safetensors"


def record_of(path: Path) -> Path:
    """Where the record of a checkpoint lies."""
    return path.with_suffix(".json")


def save(model: InContextDetector, path: Path, record: dict[str, Any]) -> None:
    """Write the weights and ``record`` with their SHA-256 and size."""
    data = safetensors.torch.save(model.state_dict())
    path.write_bytes(data)
    full = {**record, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    record_of(path).write_text(json.dumps(full, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@lru_cache(maxsize=4)
def load(path: Path = SHIPPED) -> InContextDetector:
    """The model of a checkpoint, in evaluation mode.

    Raises
    ------
    MethodError
        If a file is missing, is not what its record says, or does not fit the model.
    """
    remedy = "install the package again, or make one with python -m methods.iclad.pretrain"
    try:
        data = path.read_bytes()
        said = json.loads(record_of(path).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MethodError(
            f"the checkpoint {path} or its record {path.stem}.json cannot be read; {remedy}"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != said:
        what = f"has SHA-256 {found[:12]}… and not {str(said)[:12]}… as recorded"
        raise MethodError(f"the checkpoint {path} {what}; {remedy}")
    model = InContextDetector()
    try:
        model.load_state_dict(safetensors.torch.load(data))
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise MethodError(
            f"the checkpoint {path} does not fit this version of the model; {remedy}"
        ) from error
    return model.eval()


def untrained(seed: int) -> InContextDetector:
    """The same architecture with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return InContextDetector().eval()
