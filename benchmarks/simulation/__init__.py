"""An independent discrete-event simulation of the jobs that `advisor.predict` predicts, on SimPy.

It shares no code with the model: calls are processes that take a lock, compute on cores that share their time equally,
and sleep. There are two simulations:

- `stations` visits each station once per call. The demands of a call are drawn at random; the means actually drawn are
  reported, so that the model can be asked about exactly the simulated work.
- `jobs` runs a whole job of calls that are cut into stretches, and hands the GIL over as CPython does: a waiting thread
  is woken, finds the GIL taken by a faster one, or requests it after 5 ms.
"""
