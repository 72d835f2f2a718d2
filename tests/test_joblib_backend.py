import sys
import threading
import time

import joblib
import pytest
from joblib import Parallel, delayed
from joblib.externals import loky

import advisor
from advisor.errors import MissingExtraError

SEEN: list[int] = []


@pytest.fixture(scope="module", autouse=True)
def _without_workers_of_others():
    """End the workers that joblib's own backends keep for the next job."""
    yield
    loky.get_reusable_executor().shutdown(wait=True)


@pytest.fixture
def backend():
    advisor.register_joblib_backend()
    with joblib.parallel_config(backend="advisor", n_jobs=2) as config:
        yield config["backend"]


def square(number):
    return number * number


def compute(milliseconds):
    ends = time.thread_time() + milliseconds / 1000
    while time.thread_time() < ends:
        pass
    return milliseconds


def compute_and_remember(number):
    compute(10)
    SEEN.append(number)
    return number


def nap(number):
    time.sleep(0.01)
    return number


def nap_then_compute(number):
    return nap(number) if number < 60 else number + compute(10) - 10


def fail_at(number, bad):
    if number == bad:
        raise LookupError(f"no {number}")
    return number


def nested(number):
    return sum(Parallel(n_jobs=2)(delayed(square)(each) for each in range(number)))


def strategies(backend):
    return [stage.strategy for stage in backend.report.stages]


@pytest.mark.parametrize("count", [0, 1, 7, 500])
@pytest.mark.parametrize("options", [{}, {"pre_dispatch": "all"}, {"batch_size": 3}, {"timeout": 60}])
def test_results(backend, count, options):
    """Results are those of a plain loop, in order."""
    assert Parallel(**options)(delayed(square)(each) for each in range(count)) == [
        square(each) for each in range(count)
    ]


@pytest.mark.parametrize("return_as", ["generator", "generator_unordered"])
def test_generators(backend, return_as):
    """Generators return every result, while further calls are made."""
    results = Parallel(return_as=return_as)(delayed(square)(each) for each in range(50))
    assert sorted(results) == [square(each) for each in range(50)]


def test_small_job_stays_a_plain_loop(backend):
    """A job too short to gain runs in the thread that asked for it, without advice."""
    threads = Parallel()(delayed(threading.get_ident)() for _ in range(20))
    assert set(threads) == {threading.get_ident()}
    assert backend.advice is None
    (stage,) = backend.report.stages
    assert (stage.strategy, stage.calls) == ("sequential", 20)


def test_nothing_is_known_before_the_first_call():
    """Advice and report are None before the first call of Parallel."""
    from advisor.jobs.joblib_backend import AdvisorBackend

    assert AdvisorBackend().advice is None
    assert AdvisorBackend().report is None


def test_waiting_calls_run_in_threads(backend):
    """Calls that wait run at once, in threads, and the report and the advice say why."""
    results = Parallel(n_jobs=8)(delayed(nap)(each) for each in range(100))
    assert results == list(range(100))
    assert {"threading", "multiprocessing"} & {*strategies(backend)}  # a busy host makes calls compute longer
    assert backend.advice is not None
    assert sum(stage.calls for stage in backend.report.stages) == 100


@pytest.mark.slow
def test_computing_calls(backend):
    """Calls that compute give the results of a plain loop wherever they run."""
    assert Parallel()(delayed(compute)(10) for _ in range(150)) == [10] * 150
    assert backend.report.succeeded == 150


def test_shared_objects_rule_out_processes(backend):
    """Calls that change an object of their module never run in processes, which would change copies."""
    SEEN.clear()
    Parallel()(delayed(compute_and_remember)(each) for each in range(60))
    assert sorted(SEEN) == list(range(60))
    assert "multiprocessing" not in strategies(backend)
    assert backend.advice is not None


@pytest.mark.parametrize("hint", [{"require": "sharedmem"}, {"prefer": "threads"}])
def test_hints_for_threads_rule_out_processes(backend, hint):
    """Calls that need shared memory, or whose author prefers threads, never run in processes."""
    changed = []

    def change(number):
        compute(10)
        changed.append(number)

    Parallel(**hint)(delayed(change)(each) for each in range(40))
    assert sorted(changed) == list(range(40))
    assert "multiprocessing" not in strategies(backend)


def test_errors_have_their_type_and_the_place(backend):
    """The exception of a call is raised as it is, and shows where the call raised; no further calls are made."""
    with pytest.raises(LookupError, match="no 3") as caught:
        Parallel()(delayed(fail_at)(each, 3) for each in range(10))
    assert "in fail_at" in str(caught.value.__cause__)
    assert backend.report.failed == 1
    assert backend.report.calls == 4


def test_backend_works_after_an_error(backend):
    """The backend works after a call has failed."""
    with pytest.raises(LookupError):
        Parallel()(delayed(fail_at)(each, 3) for each in range(10))
    assert Parallel()(delayed(square)(each) for each in range(10)) == [square(each) for each in range(10)]


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"return_as": "generator"}])
def test_calls_that_change_are_measured_again(backend, options):
    """Calls that begin to compute leave the threads that were chosen while they waited."""
    results = Parallel(n_jobs=8, **options)(delayed(nap_then_compute)(each) for each in range(300))
    assert list(results) == list(range(300))
    assert len(strategies(backend)) > 1


def test_errors_of_waiting_calls(backend):
    """An exception in a worker thread ends the job, too."""

    def fail_late(number):
        nap(number)
        return fail_at(number, 60)

    with pytest.raises(LookupError, match="no 60"):
        Parallel(n_jobs=8)(delayed(fail_late)(each) for each in range(100))


def test_nested_calls(backend):
    """Calls may use Parallel themselves."""
    assert Parallel()(delayed(nested)(each) for each in range(8)) == [nested(each) for each in range(8)]


def test_calls_of_several_functions_stay_a_plain_loop(backend):
    """Calls of different functions are not examined, and run one after the other."""
    tasks = [delayed(nap)(0), delayed(square)(2)] * 100
    assert Parallel(n_jobs=8)(tasks) == [0, 4] * 100
    assert strategies(backend) == ["sequential"]
    assert "several functions" in backend.report.stages[0].why


def test_one_job_is_left_to_joblib(backend):
    """With n_jobs=1, joblib's own sequential backend runs the calls."""
    assert Parallel(n_jobs=1)(delayed(square)(each) for each in range(3)) == [0, 1, 4]
    assert backend.report is None


def test_no_workers_are_asked_for(backend):
    """Like other backends, it refuses n_jobs=0."""
    with pytest.raises(ValueError, match="n_jobs == 0"):
        Parallel(n_jobs=0)(delayed(square)(each) for each in range(3))


@pytest.mark.slow
def test_initializer_is_run_by_joblib_workers(backend):
    """A Parallel with an initializer runs in joblib's worker processes, which run it first."""
    results = Parallel(initializer=SEEN.append, initargs=(1,))(delayed(square)(each) for each in range(3))
    assert results == [0, 1, 4]
    assert backend.report is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_scikit_learn_scores_are_the_same(backend):
    """Cross-validation and a forest give the results that they give without the backend."""
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GridSearchCV, cross_val_score

    inputs, labels = datasets.make_classification(300, 10, random_state=0)
    forest = RandomForestClassifier(20, random_state=0, n_jobs=-1)
    scores = cross_val_score(forest, inputs, labels, cv=4, n_jobs=-1)
    search = GridSearchCV(forest, {"max_depth": [2, 4]}, cv=2, n_jobs=2).fit(inputs, labels)
    with joblib.parallel_config(backend="sequential"):
        assert scores.tolist() == cross_val_score(forest, inputs, labels, cv=4).tolist()
        alone = GridSearchCV(forest, {"max_depth": [2, 4]}, cv=2).fit(inputs, labels)
    assert search.cv_results_["mean_test_score"].tolist() == alone.cv_results_["mean_test_score"].tolist()


def test_joblib_is_not_installed(monkeypatch):
    """Without joblib, the error names the extra to install."""
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(MissingExtraError, match=r"workload-advisor\[joblib\]"):
        advisor.register_joblib_backend()
