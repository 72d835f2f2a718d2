"""Pitfalls of a cluster: what its workers lack that this host has, and how much they can take."""

from __future__ import annotations

from advisor.decide import citations, cluster_conditions, pitfall_conditions
from advisor.decide.cluster_conditions import MUCH_MEMORY, memory_share, runs_on
from advisor.decide.pitfall_rule import PitfallRule
from advisor.decide.rule_inputs import MOSTLY
from advisor.models.strategies import CLUSTERS

CLUSTER_PITFALLS: tuple[PitfallRule, ...] = (
    PitfallRule(
        "cluster-versions",
        "the workers run another version of Python",
        cluster_conditions.pythons_differ,
        CLUSTERS,
        "The workers run Python {cluster_python}, and the function was measured on {measured_python}: what one version "
        "pickles, another may not load, and packages may differ too. Give the workers the same environment.",
        citations.DASK_ENVIRONMENTS,
    ),
    PitfallRule(
        "cluster-module",
        "no worker is known to have imported the module of the function",
        cluster_conditions.module_may_be_missing,
        CLUSTERS,
        "The workers need {target_module} and all that it imports. The code here sends them your own modules; "
        "installed packages have to be in their environment. In code of your own, use Client.upload_file for Dask and "
        "runtime_env for Ray.",
        citations.RAY_DEPENDENCIES,
    ),
    PitfallRule(
        "cluster-files",
        "the calls use files or connections, and the workers are on other hosts",
        cluster_conditions.uses_this_host,
        CLUSTERS,
        "The calls use files or connections, and the workers are on other hosts: a path there is another file or none, "
        "and localhost another host. Use storage and servers that all of them reach, or pass the contents.",
        citations.DASK_ENVIRONMENTS,
    ),
    PitfallRule(
        "cluster-environment",
        "the calls depend on environment variables, which workers have from where they were started",
        cluster_conditions.uses_environment,
        CLUSTERS,
        "Workers have the environment variables of the shell that started them: addresses, proxies and credentials "
        "that the calls read from there may be missing. Set them where the workers start, or pass them as arguments.",
        citations.DASK_NANNY,
    ),
    PitfallRule(
        "dask-pure",
        "two calls with the same input are not the same, and Dask would make one of them",
        lambda facts: runs_on(facts, "dask") and cluster_conditions.gives_other_results_again(facts),
        CLUSTERS,
        "In code of your own for Dask, pass pure=False to Client.submit and Client.map: by default they make equal "
        "calls only once, so that random draws repeat and writes are skipped. The code here makes every call.",
        citations.DASK_PURE,
    ),
    PitfallRule(
        "cluster-memory",
        "the calls of a worker need most of the memory that it may use",
        lambda facts: memory_share(facts) >= MUCH_MEMORY,
        CLUSTERS,
        "The calls of one worker need about {cluster_memory_needed} of the {cluster_memory} that it may use: Dask "
        "moves data to disk from 60 %, pauses the worker at 80 % and ends it at 95 %. Start workers with fewer threads "
        "or a higher --memory-limit.",
        citations.DASK_MEMORY,
    ),
    PitfallRule(
        "killed-worker",
        "a call may exceed the memory of its worker, which ends with all that it has",
        lambda facts: runs_on(facts, "dask") and memory_share(facts) >= MUCH_MEMORY,
        CLUSTERS,
        "When a worker is killed, the calls that wait or run there are lost with the one at fault; in code of your "
        "own, each fails with KilledWorker after four such losses. Send suspicious inputs one at a time.",
        citations.DASK_KILLED,
    ),
    PitfallRule(
        "cluster-native-threads",
        "a call keeps several cores busy by itself, which workers do not allow by default",
        lambda facts: runs_on(facts, "dask") and cluster_conditions.is_parallel(facts),
        CLUSTERS,
        "A call {by_itself} here, but dask worker sets OMP_NUM_THREADS=1, and the same for MKL and OpenBLAS: it takes "
        "longer there than measured. Keep that limit if the workers have as many threads as cores; otherwise change "
        "distributed.nanny.pre-spawn-environ and start fewer threads.",
        citations.DASK_NANNY,
    ),
    PitfallRule(
        "ray-native-threads",
        "a call keeps several cores busy by itself, which workers do not allow by default",
        lambda facts: runs_on(facts, "ray") and cluster_conditions.is_parallel(facts),
        CLUSTERS,
        "A call {by_itself} here, but Ray sets OMP_NUM_THREADS to the num_cpus of a task, 1 by default: it takes "
        "longer there than measured. Reserve as many cores as a call uses.",
        citations.RAY_THREADS,
    ),
    PitfallRule(
        "cluster-gil",
        "several threads of a worker share its GIL",
        cluster_conditions.shares_the_gil,
        CLUSTERS,
        "A worker has {cluster_threads} and one GIL, which the function holds for {gil_share} of its time: start more "
        "workers with one thread each, for Dask with --nthreads 1.",
        citations.DASK_EFFICIENCY,
    ),
    PitfallRule(
        "cluster-data",
        "sending the data of a call takes at least a fifth of the call",
        cluster_conditions.moves_much_data,
        CLUSTERS,
        "The data of a call takes {cluster_transfer} to the cluster and back ({argument_bytes} in, {result_bytes} "
        "out), against {wall} of work: pass what workers can read themselves, such as an address in shared storage, "
        "and return summaries.",
        citations.DASK_EFFICIENCY,
    ),
    PitfallRule(
        "ray-object-store",
        "arguments or results are so large that Ray stores them",
        cluster_conditions.stores_objects,
        CLUSTERS,
        "Ray puts arguments and results of more than 100 kB into its object store ({argument_bytes} in, {result_bytes} "
        "out here), a copy for each call: it fills /dev/shm, spills to disk, and arrays arrive read-only. In code of "
        "your own, ray.put what calls share, once.",
        citations.RAY_OBJECT_STORE,
    ),
    PitfallRule(
        "unshared-state",
        "the calls share state, of which each worker has its own",
        lambda facts: facts.job.shares_state is True and not facts.effects.globals_written,
        CLUSTERS,
        "The calls share state and the workers do not: return each call's part and merge them here.",
        citations.PROCESS_GUIDELINES,
    ),
    PitfallRule(
        "hidden-limit",
        "the call waits, and the wait was only seen one call at a time",
        lambda facts: facts.workers > 1 and facts.wait_share >= MOSTLY,
        CLUSTERS,
        "A rate limit or a connection limit behind the waiting shows only when calls overlap, and {worker_count} "
        "threads of several hosts may need {worker_count} connections: try it on a part of the inputs first.",
        citations.AMDAHL,
    ),
    PitfallRule(
        "uncertain",
        "few calls were measured or the interval is wide",
        pitfall_conditions.uncertain,
        CLUSTERS,
        "Based on {calls_measured}, the job may take {low} to {high}: give a larger --budget and more inputs.",
        "90 % interval of the cost model",
    ),
    PitfallRule(
        "output",
        "the function prints",
        lambda facts: facts.effects.output_bytes > 0,
        CLUSTERS,
        "The function printed {output_bytes} while it was measured: on a cluster, that ends up in the logs of the "
        "workers. Return the text.",
        citations.DASK_NANNY,
    ),
)
