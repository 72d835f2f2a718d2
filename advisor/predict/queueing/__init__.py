"""Closed queueing networks: how many calls per second a fixed number of workers complete.

A call visits three kinds of station:

- the *lock*, a single server (the GIL, an event loop): its holder also needs a core, unless it blocks;
- the *cores*, a multi-server shared by everything that computes, the holder of the lock included;
- the *delay*, where nothing queues: waiting for a network, a disk, a timer.

The holder of the lock occupies two resources at once, so the network has no product form. `stations` therefore solves
lock and cores together as one small Markov chain for every number of calls inside. In the rest of the network they are
one station with load-dependent rates: the flow-equivalent server of Chandy, Herzog and Woo, "Parametric analysis of
queuing networks", IBM J. Res. Dev. 19 (1975). What remains is a birth-death chain, which `network` solves exactly. Mean
demands suffice: shared cores and delays are insensitive to the shape of the distribution (Baskett, Chandy, Muntz,
Palacios 1975).

A process pool differs: its parent hands out tasks ahead of the workers, up to the length of the pool's queue, and is
not part of a call's own path (`pool_throughput`). `makespan` turns throughput into the seconds of a finite job.

Times are seconds, rates are calls per second. Nothing here depends on a Profile.
"""
