"""Remember what each strategy has brought in a job so far, for the next decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from advisor.jobs.plan import Plan, Wishes
    from advisor.jobs.review import Verdict
    from advisor.models import Cluster, Machine, Profile, Strategy


class Experience:
    """Records the strategies that disappointed, or cannot be used, and makes plans that take them into account.

    Attributes:
        cluster: The measured cluster that may do the job, or None.
    """

    def __init__(self, workers: int | None) -> None:
        """Begin without experience.

        Args:
            workers: The largest number of workers that the caller allows, or None.
        """
        self._workers = workers
        self.cluster: Cluster | None = None
        self._disappointed: set[Strategy] = set()  # were slower than predicted, once
        self._abandoned: set[Strategy] = set()  # ... again, or do not work
        self._speed_ups: dict[Strategy, float] = {}  # that those brought

    def cannot_use(self, strategy: Strategy) -> None:
        """Rule out a strategy whose workers do not work."""
        self._abandoned.add(strategy)

    def add(self, strategy: Strategy, verdict: Verdict) -> None:
        """Record why a stage was ended; a strategy that disappoints for the second time is ruled out."""
        if verdict.leave and strategy in self._disappointed:
            self._abandoned.add(strategy)
        elif verdict.leave:
            self._disappointed.add(strategy)
        if verdict.speed_up is not None:
            self._speed_ups[strategy] = verdict.speed_up

    def plan(self, profile: Profile, calls: int) -> Plan:
        """Return the plan for so many calls."""
        from advisor.jobs.plan import make_plan

        return make_plan(profile, calls, self._wishes, self._host(profile))

    def depends_on_gil(self, profile: Profile, calls: int, plan: Plan) -> bool:
        """Return True if another plan might be clearly faster, were the computing done with the GIL released."""
        from advisor.jobs.plan import depends_on_gil

        if profile.gil_source != "estimated":
            return False
        return depends_on_gil(profile, calls, self._wishes, self._host(profile), plan)

    def _host(self, profile: Profile) -> Machine:
        from advisor.jobs.plan import host_for

        return host_for(in_notebook=profile.reached == "notebook", cluster=self.cluster)

    @property
    def _wishes(self) -> Wishes:
        from advisor.jobs.plan import Wishes

        return Wishes(self._workers, frozenset(self._abandoned), tuple(self._speed_ups.items()))
