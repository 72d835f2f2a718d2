"""The seconds of a job under each strategy: a closed queueing network, with start-up, rounds and the drain."""

from __future__ import annotations

from collections.abc import Callable

from advisor.models import Strategy
from advisor.predict.clusters import predict_cluster
from advisor.predict.demands import Scenario
from advisor.predict.prediction import Prediction
from advisor.predict.processes_and_interpreters import predict_interpreters, predict_processes
from advisor.predict.threads_and_asyncio import predict_asyncio, predict_sequential, predict_threads
from advisor.predict.worker_counts import WorkerCounts

COST_FUNCTIONS: dict[Strategy, Callable[[Scenario, WorkerCounts], list[Prediction]]] = {
    "sequential": predict_sequential,
    "threading": predict_threads,
    "multiprocessing": predict_processes,
    "asyncio": predict_asyncio,
    "interpreters": predict_interpreters,
    "cluster": predict_cluster,
}


def predict(strategy: Strategy, scenario: Scenario, workers: WorkerCounts) -> list[Prediction]:
    """Predict the job's seconds with each requested worker count."""
    return COST_FUNCTIONS[strategy](scenario, workers)
