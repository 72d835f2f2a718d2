"""Workloads as users of Dask and Ray bring them, for the benchmarks of clusters.

Each module has a function, `inputs()` and constants; the whole job takes about 1 to 5 seconds in a plain loop.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Workload:
    """A function and its inputs, by name, so that the table imports none of the modules."""

    name: str  # of the module in this package
    function: str
    star: bool  # an input is a tuple of positional arguments
    thread_safe: bool
    nature: str  # what bounds it: python, native (no GIL), mixed, wait, transfer, overhead, child

    def load(self) -> tuple[Callable[..., Any], Callable[[], list[Any]]]:
        """Return the function and the function that makes its inputs."""
        module = importlib.import_module(f"{__name__}.{self.name}")
        return getattr(module, self.function), module.inputs


WORKLOADS: Final = (
    Workload("address_cleaning", "clean", star=False, thread_safe=True, nature="python"),
    Workload("access_log", "summarise", star=False, thread_safe=True, nature="python"),
    Workload("barbershop", "simulate", star=False, thread_safe=True, nature="python"),
    Workload("chunk_checksums", "checksum", star=False, thread_safe=True, nature="transfer"),
    Workload("collatz", "longest_chain", star=False, thread_safe=True, nature="python"),
    Workload("column_scaling", "standardise", star=False, thread_safe=True, nature="transfer"),
    Workload("feed_parsing", "headlines", star=False, thread_safe=True, nature="mixed"),
    Workload("forest_scoring", "score", star=True, thread_safe=True, nature="transfer"),
    Workload("gateway_polling", "poll", star=False, thread_safe=True, nature="wait"),
    Workload("geocoding", "locate", star=True, thread_safe=True, nature="transfer"),
    Workload("json_events", "flatten", star=False, thread_safe=True, nature="python"),
    Workload("key_derivation", "derive", star=True, thread_safe=True, nature="native"),
    Workload("monthly_totals", "totals", star=False, thread_safe=True, nature="mixed"),
    Workload("number_plates", "is_valid", star=False, thread_safe=True, nature="overhead"),
    Workload("option_backtest", "backtest", star=False, thread_safe=True, nature="python"),
    Workload("order_database", "revenue", star=True, thread_safe=True, nature="native"),
    Workload("pi_darts", "hits", star=False, thread_safe=True, nature="python"),
    Workload("price_requests", "fetch", star=False, thread_safe=True, nature="wait"),
    Workload("report_compression", "compress", star=False, thread_safe=True, nature="native"),
    Workload("ridge_folds", "fit_fold", star=False, thread_safe=True, nature="mixed"),
    Workload("sorted_by_child", "sort_lines", star=False, thread_safe=True, nature="child"),
    Workload("spectrograms", "spectrogram", star=False, thread_safe=True, nature="transfer"),
    Workload("thumbnails", "thumbnail", star=False, thread_safe=True, nature="native"),
    Workload("token_counts", "count_tokens", star=False, thread_safe=True, nature="python"),
)
