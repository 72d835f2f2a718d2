"""What share of the processor is in use, how many cores are busy, and what share of the time is waiting."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from advisor.describe.text.tokenizer import ENDS, STOPS, Text, vocabulary
from advisor.describe.text.units import Measure, Told

_CPU = vocabulary(
    "cpu cpus processor core prozessor procesador processeur процессор процессора цп цпу procesor cpu-last "
    "taskmanager taskmgr task-manager diagnostics monitor top htop диспетчер диспетчере workstation rechner "
    "processador işlemci manager menedżer タスクマネージャ उपयोग host server client box machine python user kern "
    "core-usage vcpu utilisation"
)
_WEAK_CPU = vocabulary("host server client box machine python user rechner workstation manager monitor core kern")
_NOT_CPU = vocabulary(
    "gpu gpus nvidia-smi disk disks ssd hdd iotop platte nvme network line bandwidth band battery memory ram swap "
    "disque disco диск gpu-last link channel progress gil"
)
_WAITS = vocabulary(
    "wait waiting waits waited recv recv_into read_into socket sockets select poll epoll requests "
    "network http https ssl urlopen server database db sql query queries sleep sleeping idle acquire "
    "download downloading warten wartet netzwerk attente attend esperando espera ожидание ждёт ждет сеть 等待 等 "
    "待ち api connect"
)
_IDLE = vocabulary("idle untätig inactif libre inactivo free leerlauf свободен asleep bored 空闲")
_EMPTY = vocabulary("empty doing")
_OF_TIME = vocabulary("time runtime zeit laufzeit temps tiempo времени wall cumtime tottime tempo 时间")


def shares(read: Text, found: list[Measure]) -> Told:
    """The share of the processor in use, and of the time spent waiting."""
    for measure in found:
        if measure.kind == "percent":
            yield from _share(read, measure)


def _share(read: Text, measure: Measure) -> Told:
    share = measure.value
    if share <= 1 and _within_part(read, measure, _OF_TIME):
        if _within_part(read, measure, _WAITS):
            yield "wait_share", share, measure
        return
    resource = _resource(read, measure)
    if resource == "cpu":
        idle = share <= 1 and read.near(measure.after, _IDLE, 0, 2)
        yield "cpu_share", 1 - share if idle else share, measure
    elif resource is None and 0.3 <= share <= 1 and read.near(measure.after, _WAITS, 0, 9):
        yield "wait_share", share, measure


def _resource(read: Text, measure: Measure) -> str | None:
    """What a percentage is of, by the nearest word that tells."""
    sides: list[tuple[float, str]] = []
    for step in range(1, 9):
        word = read.word(measure.first - step)
        if word in ENDS or not word:
            break
        if word in _CPU or word in _NOT_CPU:
            sides.append((step + (word in _WEAK_CPU) * 3, "cpu" if word in _CPU else "other"))
    for step in range(5):
        word = read.word(measure.after + step)
        if word in STOPS or not word:
            break
        if word in _CPU or word in _NOT_CPU:
            sides.append((step + 0.5 + (word in _WEAK_CPU) * 3, "cpu" if word in _CPU else "other"))
    return min(sides)[1] if sides else None


def _within_part(read: Text, measure: Measure, words: frozenset[str]) -> bool:
    return read.near(measure.first, words, 8) or read.near(measure.after, words, 0, 9)


def clock_times(read: Text, found: list[Measure]) -> Told:
    """The figures of `time`: real 58m11s, user 1m12s, sys 0m4s."""
    told: dict[str, Measure] = {}
    for measure in found:
        if measure.kind == "duration":
            for back in (1, 2):
                name = _CLOCK_LABELS.get(read.word(measure.first - back))
                if name:
                    told.setdefault(name, measure)
    if "real" in told and "user" in told and told["real"].value > 0:
        busy = told["user"].value + (told["sys"].value if "sys" in told else 0.0)
        share = round(busy / told["real"].value, 4)
        yield "cpu_share", share, told["user"]
        yield "seconds_total", told["real"].value, told["real"]
        if share < 1:
            yield "wait_share", round(1 - share, 4), told["real"]


_CLOCK_LABELS = {"real": "real", "wall": "real", "elapsed": "real", "user": "user", "sys": "sys"}


def busy_cores(read: Text, found: list[Measure], told: Mapping[str, tuple[float, Measure]]) -> Told:
    """How many cores are at work, where that can be told."""
    for part, measure in pairwise(found):
        joined = part.kind == "count" and measure.kind == "cores" and 0 < measure.first - part.after <= 2
        if joined and part.value <= measure.value and read.word(measure.first - 1) in ("of", "von", "sur", "de", "из"):
            rest = read.near(measure.after, _IDLE | _EMPTY, 0, 4)
            yield "busy_cores", measure.value - part.value if rest else part.value, part
    if "cpu_share" in told:
        share, measure = told["cpu_share"]
        if share > 1.5:
            yield "busy_cores", round(share, 2), measure
        elif "cores" in told:
            one_of_them = 0.75 <= share * told["cores"][0] <= 1.3
            if one_of_them or (share >= 0.9 and read.word(measure.after) == "of"):
                yield "busy_cores", 1.0, measure
