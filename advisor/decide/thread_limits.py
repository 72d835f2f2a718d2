"""Limit calls that are parallel by themselves: the setting to use, and the gain of processes with that limit."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.models import Estimate, Job, Machine, Profile
from advisor.predict import estimator
from advisor.report import formatting

SEVERAL_CORES = 1.25  # cores that a call keeps busy by itself, from which it is parallel
_MOSTLY_CHILDREN = 0.5  # of the computing
# How to limit a package to one thread. The first that a call uses counts, so those that start threads come first.
_SETTINGS: dict[str, str] = {
    "polars": "set POLARS_MAX_THREADS=1 in the environment",
    "torch": "call torch.set_num_threads(1) in each worker",
    "tensorflow": "call tf.config.threading.set_intra_op_parallelism_threads(1) in each worker",
    "keras": "call tf.config.threading.set_intra_op_parallelism_threads(1) in each worker",
    "jax": "set XLA_FLAGS=--xla_cpu_multi_thread_eigen=false in the environment",
    "lightgbm": "pass n_jobs=1",
    "xgboost": "pass n_jobs=1",
    "catboost": "pass thread_count=1",
    "faiss": "call faiss.omp_set_num_threads(1) in each worker",
    "cv2": "call cv2.setNumThreads(1) in each worker",
    "numba": "set NUMBA_NUM_THREADS=1 in the environment",
    "numexpr": "set NUMEXPR_NUM_THREADS=1 in the environment",
    "duckdb": "run SET threads TO 1",
    "pyarrow": "call pyarrow.set_cpu_count(1) in each worker",
    "sklearn": "pass n_jobs=1 and set OMP_NUM_THREADS=1 in the environment",
    "joblib": "pass n_jobs=1",
    "scipy": "set OPENBLAS_NUM_THREADS=1 (MKL_NUM_THREADS=1 with MKL) in the environment",
    "numpy": "set OPENBLAS_NUM_THREADS=1 (MKL_NUM_THREADS=1 with MKL) in the environment",
}
_DEFAULT = "set OMP_NUM_THREADS=1 in the environment, or use threadpoolctl.threadpool_limits(1) in each worker"
_PROGRAM = "give the program one thread (such as ffmpeg -threads 1)"


def is_parallel(profile: Profile) -> bool:
    """Return True if a call keeps several cores busy, or has its own processes that compute for it."""
    return (profile.native_threads or 1.0) >= SEVERAL_CORES or _has_own_pool(profile)


def by_itself(profile: Profile) -> str:
    """Describe how a call is parallel by itself."""
    cores = profile.native_threads or 1.0
    if cores < SEVERAL_CORES:
        return "hands its work to its own processes"
    return f"keeps {f'{cores:.1f}'.removesuffix('.0')} cores busy by itself"


def setting(modules: Sequence[str]) -> str | None:
    """Return how to limit these modules to one thread, or None if that is not known."""
    packages = {module.partition(".")[0] for module in modules}
    return next((text for package, text in _SETTINGS.items() if package in packages), None)


def how_to_limit(profile: Profile) -> str:
    """Return how to limit a call to one thread, as an instruction."""
    by_package = setting([*profile.modules, *(touch.name for touch in profile.touches if touch.kind == "library")])
    if _has_own_pool(profile):
        return "pass n_jobs=1" if by_package and "n_jobs" in by_package else "let it compute without its pool"
    return _PROGRAM if _children_compute(profile) else by_package or _DEFAULT


def _has_own_pool(profile: Profile) -> bool:
    """Return True if worker processes of its own, which outlive the call, do most of its computing."""
    effects = profile.side_effects
    return effects is not None and effects.children_left > 0 and _children_compute(profile)


def _children_compute(profile: Profile) -> bool:
    return (profile.child_cpu or 0.0) > _MOSTLY_CHILDREN * profile.cpu


def limited_processes(profile: Profile, job: Job, machine: Machine) -> Estimate | None:
    """Return the best estimate of processes with calls limited to one thread, or None where that is not known."""
    parts = (profile.gil_held, profile.gil_free, profile.wait)
    if profile.archetype is not None or profile.native_threads is None or None in parts:
        return None
    if profile.child_cpu and not _has_own_pool(profile):
        return None  # a program may not be able to use one core
    wall = profile.cpu + (profile.wait or 0.0) + (profile.run_queue or 0.0)
    one_thread = {"wall": wall, "native_threads": 1.0, "first_call": None}
    estimates = estimator.shortlist(profile.model_copy(update=one_thread), job, machine)
    best = estimator.leaders(estimates).get("multiprocessing")
    return best if best is not None and best.feasible else None


def gain(limited: Estimate | None, chosen: Estimate) -> str:
    """Return a sentence that compares processes whose calls are limited to one thread with the chosen way."""
    if limited is None:
        return ""
    pool = formatting.workers(limited.strategy, limited.workers)
    seconds, now = (formatting.duration(each.seconds.expected) for each in (limited, chosen))
    if limited.seconds.expected * estimator.MIN_GAIN <= chosen.seconds.expected:
        return f" With that limit, {pool} would take about {seconds} instead of {now}."
    return f" With that limit, {pool} would take about {seconds}, which is no faster."
