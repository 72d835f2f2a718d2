"""The records that pass from stage to stage: Profile → Estimate → Advice, with Machine, Job and Reading.

All are frozen and have no behaviour beyond small derived properties. Seconds are floats, sizes are bytes, and what
could not be measured is None, never a made-up zero.
"""

from advisor.models.advice import Advice, Alternative, Evidence, Pitfall, Reason, Results, Verification
from advisor.models.cluster import CLUSTER_COSTS, Cluster, ClusterLayout, EngineName, LayoutTime, RaySettings
from advisor.models.curve import Curve, Point
from advisor.models.estimate import Estimate
from advisor.models.job import Job
from advisor.models.machine import POOL_COSTS, START_COSTS, Machine, StartMethod
from advisor.models.profile import (
    FailedInputs,
    GilSource,
    HeldResource,
    InterpreterCheck,
    Picklable,
    PicklePart,
    Profile,
    Python,
    Reached,
    SideEffects,
)
from advisor.models.race_report import Mend, RaceFinding, RaceReport, RaceStep, RaceVerdict
from advisor.models.reading import EntryKind, LexiconEntry, MatrixRow, Obstacle, Reading, Trait, WorkType
from advisor.models.record import Bytes, JobSeconds, Range, Record, Seconds, Text
from advisor.models.run_report import Failure, RunReport, Stage
from advisor.models.strategies import Recommendation, Strategy
from advisor.models.survey_report import Candidate, Independence, LoopObstacle, LoopPlace, SurveyReport
from advisor.models.touch import Safety, Touch

__all__ = [
    "CLUSTER_COSTS",
    "POOL_COSTS",
    "START_COSTS",
    "Advice",
    "Alternative",
    "Bytes",
    "Candidate",
    "Cluster",
    "ClusterLayout",
    "Curve",
    "EngineName",
    "EntryKind",
    "Estimate",
    "Evidence",
    "FailedInputs",
    "Failure",
    "GilSource",
    "HeldResource",
    "Independence",
    "InterpreterCheck",
    "Job",
    "JobSeconds",
    "LayoutTime",
    "LexiconEntry",
    "LoopObstacle",
    "LoopPlace",
    "Machine",
    "MatrixRow",
    "Mend",
    "Obstacle",
    "Picklable",
    "PicklePart",
    "Pitfall",
    "Point",
    "Profile",
    "Python",
    "RaceFinding",
    "RaceReport",
    "RaceStep",
    "RaceVerdict",
    "Range",
    "RaySettings",
    "Reached",
    "Reading",
    "Reason",
    "Recommendation",
    "Record",
    "Results",
    "RunReport",
    "Safety",
    "Seconds",
    "SideEffects",
    "Stage",
    "StartMethod",
    "Strategy",
    "SurveyReport",
    "Text",
    "Touch",
    "Trait",
    "Verification",
    "WorkType",
]
