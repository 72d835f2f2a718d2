"""Run joblib's own tests for backends with the backend "advisor" among them.

python -m benchmarks.joblib_suite [pytest options]

joblib's wheel contains its tests, which are parametrised over lists of backends; "advisor" is added to those. The
script exits with pytest's status. The tests that do not apply are named here, each with the reason.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

import advisor

_ALONE = "expects calls at once from the beginning; the first ones run one after the other"
_ARRAYS = "expects memory-mapped arrays in every call; calls in this process get the arrays themselves"
_ALL_CORES = "expects one job by default; this backend uses all cores unless n_jobs says otherwise"
NOT_APPLICABLE = {
    "test_auto_memmap_on_arrays_from_generator[advisor]": _ARRAYS,
    "test_error_capture[advisor]": "compares private attributes of joblib's own backends",
    "test_memmapping_leaks[advisor]": _ARRAYS,
    "test_nested_backend_in_sequential[parallel_backend-advisor-None]": _ALL_CORES,
    "test_nested_backend_in_sequential[parallel_config-advisor-None]": _ALL_CORES,
    "test_parallel_unordered_generator_returns_fastest_first[advisor-2]": _ALONE,
    "test_parallel_unordered_generator_returns_fastest_first[advisor-4]": _ALONE,
}


def main(options: list[str]) -> int:
    """Run the tests, and return pytest's exit status."""
    advisor.register_joblib_backend()  # before the tests copy joblib's table of backends
    from joblib.test import test_parallel

    for backends in (test_parallel.PARALLEL_BACKENDS, test_parallel.PROCESS_BACKENDS):
        backends.append("advisor")
    path = Path(test_parallel.__file__)
    excluded = [f"--deselect={path.name}::{test}" for test in NOT_APPLICABLE]
    selected = ["-k", "advisor or Advisor", "-c", os.devnull, f"--rootdir={path.parent}", "-p", "no:cacheprovider"]
    with tempfile.TemporaryDirectory() as folder:  # for the processes that the tests start
        Path(folder, "sitecustomize.py").write_text("import advisor\n\nadvisor.register_joblib_backend()\n")
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, *filter(None, sys.path)])
        return pytest.main([str(path), *selected, *excluded, *options])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
