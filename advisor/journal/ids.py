"""Ids of advice, made from the content: the same advice on the same question by the same version has the same id."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from advisor import __version__

BYTES = 18  # 144 bits, which are 24 characters without padding


def advice_id(question: Mapping[str, Any], advice: str) -> str:
    """Return a URL-safe id that every server process computes alike. `advice` is the JSON document.

    All of the advice counts, since the link shows all of it: with less free memory, the advice may be different.
    """
    content = canonical({"question": without_nulls(question), "version": __version__, "advice": advice})
    return urlsafe_b64encode(blake2b(content.encode(), digest_size=BYTES).digest()).decode()


def is_possible_id(text: str) -> bool:
    """Return True if the text could be an id. A database does not accept every text that a client may send."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,24}", text) is not None


def canonical(document: Any) -> str:
    """Return the document as JSON that does not depend on the order of fields."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def without_nulls(value: Any) -> Any:
    """Return the document without null fields, which mean the same as missing ones."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value
