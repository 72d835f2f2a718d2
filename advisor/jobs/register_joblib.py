"""Make joblib's backend "advisor" known, if joblib is installed."""

from __future__ import annotations

from advisor.errors import MissingExtraError


def register_joblib_backend() -> None:
    """Register the joblib backend "advisor", which runs the calls of `joblib.Parallel` in the fastest safe way.

    Afterwards, `joblib.parallel_config(backend="advisor")` selects it, for scikit-learn as well.

    Raises:
        MissingExtraError: joblib is not installed.
    """
    try:
        from joblib import register_parallel_backend
    except ImportError as error:
        raise MissingExtraError("the joblib backend", "joblib") from error
    from advisor.jobs.joblib_backend import AdvisorBackend

    register_parallel_backend("advisor", AdvisorBackend)
