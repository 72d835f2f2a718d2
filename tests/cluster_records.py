"""A cluster as it was measured, and the host beside it, for tests that need no real one."""

from advisor.models import Cluster, Machine, Profile, Python

CLUSTER = Cluster(
    engine="dask",
    address="tcp://10.0.0.5:8786",
    workers=16,
    threads_each=1,
    hosts=4,
    cores=16,
    memory=4_000_000_000,
    task_seconds=1e-3,
    round_trip=5e-3,
    import_seconds=0.2,
    python="3.11.2",
    source="measured",
)
HOST = Machine(cores=2, memory=8_000_000_000, cluster=CLUSTER, source="measured")
COMPUTING = Profile(
    target="jobs:work",
    reached="name",
    calls=50,
    wall=0.1,
    gil_held=0.097,
    gil_free=0.0,
    child_cpu=0.0,
    wait=0.003,
    argument_bytes=1000,
    result_bytes=1000,
    function_bytes=100,
    pickle_seconds=1e-5,
    peak_memory=50_000_000,
    idle_memory=40_000_000,
    python=Python(version="3.11.9"),
    gil_source="observed",
)
WAITING = COMPUTING.model_copy(update={"gil_held": 0.002, "wait": 0.098})
NATIVE = COMPUTING.model_copy(update={"gil_held": 0.02, "gil_free": 0.38, "native_threads": 4.0})
