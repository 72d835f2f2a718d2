"""The id of what was answered: the same advice on the same question, by the same version, has the same id and link."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from advisor import __version__

BYTES = 18  # 144 bits, which are 24 characters without padding


def identity(question: Mapping[str, Any], advice: str) -> str:
    """From the content alone, so that every server process finds the same; URL-safe. `advice` is the JSON document.

    All of the advice counts, for the link shows all of it: what was advised with more memory left is something else.
    """
    whole = canonical({"question": without_nulls(question), "version": __version__, "advice": advice})
    return urlsafe_b64encode(blake2b(whole.encode(), digest_size=BYTES).digest()).decode()


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
