"""A question's id: the same question, asked of the same kind of host and version, has the same id and link."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from advisor import __version__
from advisor.records import Machine

BYTES = 18  # 144 bits, which are 24 characters without padding
# The memory that is free changes with every moment; where the question names it, it is part of the question.
PASSING = {"memory"}


def identity(question: Mapping[str, Any], machine: Machine) -> str:
    """From the content alone, so that every server process finds the same; URL-safe."""
    whole = {
        "question": without_nulls(question),
        "machine": machine.model_dump(mode="json", exclude=PASSING),
        "version": __version__,
    }
    return urlsafe_b64encode(blake2b(canonical(whole).encode(), digest_size=BYTES).digest()).decode()


def is_identity(text: str) -> bool:
    """Whether it could be one; what a client sends may be anything, and not all of that can be asked of a database."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,24}", text) is not None


def canonical(document: Any) -> str:
    """JSON in the one way that does not depend on the order of fields."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def without_nulls(value: Any) -> Any:
    """Left out and null are the same."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value
