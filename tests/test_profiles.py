"""The reference workloads really work, as far as they can without timing anything."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import http.client
import inspect
import io
import itertools
import json
import math
import multiprocessing
import pickle
import re
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from advisor.describe.decision_matrix import MATRIX, ROWS
from advisor.models import Advice, Alternative, Job, Machine, Profile, Range
from advisor.target.inputs import load_calls
from advisor.target.loader import load
from profiles import WORKLOADS, Workload, chat, demo, find, loopback, payloads, queues, scratch, server, tiny, web
from profiles.files import log_text
from profiles.job import ROOT, SEQUENTIAL, JobError, Plan, measure, plan_of, timed

NOTING = """
import os

def inputs():
    return range(3)

def note(number):
    notes = os.open("notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(notes, b"%d " % number)
    os.close(notes)

async def note_later(number):
    note(number)
"""
NAMES = [workload.name for workload in WORKLOADS]
UNPICKLABLE_ARGUMENTS = {"unpicklable.apply_rule": "make_rule", "unpicklable.rank_customers": "Connection"}
UNPICKLABLE_RESULTS = {"unpicklable.parse_page": "_Element"}


@pytest.fixture(autouse=True, scope="module")
def _nothing_left() -> Iterator[None]:
    yield
    loopback.stop()
    scratch.remove(scratch.folder())


def function_and_arguments(workload: Workload) -> tuple[Callable[[Any], Any], list[Any]]:
    if workload.missing:
        pytest.skip(f"{workload.name} needs {', '.join(workload.missing)}")
    return load(workload.target), [call.args[0] for call in load_calls(workload.inputs) or ()]


def called(function: Callable[[Any], Any], argument: Any) -> Any:
    result = function(argument)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def first_result(name: str) -> Any:
    function, arguments = function_and_arguments(find(name))
    return called(function, arguments[0])


def run_python(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> bool:
    """Whether the condition came true within ten seconds."""
    return any(condition() or time.sleep(0.05) for _ in range(200))


# --- the table ---------------------------------------------------------------------------------------------------


def test_names_are_unique_and_found() -> None:
    """Each workload has a name of its own, under which it is found; an unknown name lists the known ones."""
    assert [find(name).name for name in NAMES] == NAMES
    assert len(set(NAMES)) == len(NAMES)
    with pytest.raises(LookupError, match=r"web\.download"):
        find("no.such")


def test_every_row_of_the_matrix_is_covered() -> None:
    """Each task of the decision matrix has a workload, and no workload stands for a task that is not listed."""
    rows = {workload.row for workload in WORKLOADS}
    assert {row.task for row in MATRIX} <= rows
    assert rows <= {row.task for row in ROWS}


def test_what_is_missing_is_named() -> None:
    """A workload whose package or program is not installed says which."""
    workload = Workload(
        "a.b", "a:b", "a:b_inputs", 1, "", "", packages=("json", "no_such_package"), programs=("no-such",)
    )
    assert workload.missing == ("no_such_package", "no-such")


@pytest.mark.parametrize("name", NAMES)
def test_each_call_gives_a_result(name: str) -> None:
    """Every workload's function takes its inputs, gives something, and the same again for the same input."""
    function, arguments = function_and_arguments(find(name))
    first, again, other = (called(function, argument) for argument in (arguments[0], arguments[0], arguments[-1]))
    assert first is not None
    assert other is not None
    if name in UNPICKLABLE_RESULTS:
        assert type(first) is type(again)
    elif name != "web.handle_request":  # it counts its visitors
        assert pickle.dumps(first) == pickle.dumps(again)


def test_all_ways_call_the_function_with_every_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions and coroutine functions alike are really called, once for each call of the job, whatever the plan."""
    (tmp_path / "noting.py").write_text(NOTING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    plans = [SEQUENTIAL, Plan("threading", 2), Plan("multiprocessing", 2, 3), Plan("asyncio", 2)]
    for name, plan in itertools.product(("note", "note_later"), plans):
        if (name, plan.strategy) == ("note", "asyncio"):
            continue  # no way to do it
        timed(Workload("noting", f"noting:{name}", "noting:inputs", 7, "", ""), plan)
        notes = tmp_path / "notes"
        assert sorted(notes.read_text().split()) == ["0", "0", "0", "1", "1", "2", "2"], (name, plan)
        notes.unlink()


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNPICKLABLE_ARGUMENTS])
def test_each_can_be_sent_to_a_process(name: str) -> None:
    """Functions and arguments survive pickling, but for the workloads that are there because theirs do not."""
    function, arguments = function_and_arguments(find(name))
    copy = pickle.loads(pickle.dumps(function))
    assert getattr(copy, "__func__", copy) is getattr(function, "__func__", function)
    assert type(pickle.loads(pickle.dumps(arguments[0]))) is type(arguments[0])


@pytest.mark.parametrize(("name", "reason"), (UNPICKLABLE_ARGUMENTS | UNPICKLABLE_RESULTS).items())
def test_what_no_process_can_have_cannot_be_pickled(name: str, reason: str) -> None:
    """A closure, an open connection and a tree of lxml can't be pickled, and the error names them."""
    function, arguments = function_and_arguments(find(name))
    unpicklable = arguments[0] if name in UNPICKLABLE_ARGUMENTS else function(arguments[0])
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError), match=reason):
        pickle.dumps(unpicklable)


def test_a_method_takes_its_object_along() -> None:
    """The method of the terrain is some megabytes when it is sent, which neither its argument nor its result shows."""
    function, arguments = function_and_arguments(find("payloads.TERRAIN.climb"))
    assert len(pickle.dumps(function)) > 4_000_000
    assert len(pickle.dumps((arguments[0], function(arguments[0])))) < 1_000


# --- what the workloads compute ----------------------------------------------------------------------------------


def test_downloads_arrive_whole() -> None:
    """Downloads get the file's 64 KiB, the API's prices add up, and the limited server answers too."""
    assert first_result("web.download") == first_result("web.stream") == 65_536
    assert first_result("locks.call_limited_api") == 2_048
    assert first_result("web.call_api") == pytest.approx(sum(round(n * 1.37 % 90, 2) for n in range(20)))


def test_visits_are_counted_across_threads() -> None:
    """Requests answered in threads share the visit counts, and the page shows them."""
    function, arguments = function_and_arguments(find("web.handle_request"))
    web.VISITS.clear()
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(function, arguments[:24]))
    assert {f"user-{number}": 2 for number in range(12)} == web.VISITS
    assert sum("Visit 2<" in page for page in pages) == 12
    assert all("<li>" in page for page in pages)


def test_a_room_hears_its_members() -> None:
    """Two people in a room hear each other, and what they say ends up in the shared history."""
    chat.HISTORY.clear()
    with (
        socket.create_connection(("127.0.0.1", loopback.port())) as listener,
        listener.makefile("rw") as line,
    ):
        line.write("JOIN lobby listener 0\n")
        line.flush()
        assert line.readline() == "* welcome listener\n"
        assert chat.say((loopback.port(), "lobby", "anna", "hello")) == 3
        assert [line.readline() for _ in range(3)] == [f"anna: hello {number}\n" for number in range(3)]
    assert list(chat.HISTORY) == [f"anna: hello {number}\n" for number in range(3)]


def test_remote_and_local_queries_agree_with_the_data() -> None:
    """A customer's orders come from the remote database, a region's sums from the file."""
    assert first_result("database.query_remote") == pytest.approx(
        sum(number * 1.37 % 90 for number in range(0, 20_000, 500))
    )
    groups = first_result("database.query_file")
    assert sum(count for _, count, _ in groups) == 49_000


def test_logs_are_counted_line_by_line() -> None:
    """The levels of a log add up to its lines, and the expression finds only failed requests."""
    assert sum(first_result("files.read_log").values()) == 20_000
    failed = first_result("text.scan_log")
    log = Path(load_calls("profiles.text:scan_log_inputs")[0].args[0]).read_text()  # type: ignore[index]
    path, count = next(iter(failed.items()))
    assert log.count(f'"GET {path} HTTP/1.1" 404') == count


def test_reports_are_complete_under_their_name() -> None:
    """A report of about 64 KiB stands under its final name, with no unfinished file beside it."""
    function, arguments = function_and_arguments(find("files.write_report"))
    assert function(arguments[5]) == Path(arguments[5]).stat().st_size > 65_000
    assert not list(Path(arguments[5]).parent.glob("tmp*"))


def test_sales_are_read_as_objects_and_written_once() -> None:
    """SQLAlchemy's objects add up to what SQL adds up, and a batch that is imported twice is there once."""
    rows = [(index * 1.37 % 90) * (1 - index % 11 / 50) for index in range(400)]
    assert first_result("database.list_sales") == pytest.approx(sum(rows), abs=0.01)
    function, arguments = function_and_arguments(find("database.import_sales"))
    assert [function(arguments[3]), function(arguments[3])] == [500, 500]
    with closing(sqlite3.connect(arguments[3][0])) as connection:
        assert connection.execute("select count(*) from imported where batch = 3").fetchone() == (500,)


def test_packed_files_hold_what_was_packed() -> None:
    """Errors in an archive and times in a gzip'd log are those of the logs they were made of."""
    assert first_result("files.search_archive")["0.log"] == log_text(3_000, 0).count(" ERROR ")
    log = log_text(20_000, 0)
    assert first_result("files.read_packed_log") == sum(map(int, re.findall(r"(\d+) ms$", log, re.MULTILINE)))


def test_orders_are_signed_handled_and_struck_off() -> None:
    """A receipt adds an order up, its author is proved, and the broker has no message that was never sent."""
    function, arguments = function_and_arguments(find("queues.handle_order"))
    total = sum(round(number * 1.37 % 90, 2) for number in range(100))
    assert function(arguments[0]).splitlines()[-1].split() == ["Total", f"{total:.2f}"]
    forged = queues.broker(arguments[0][0]).xadd("orders", {"body": "[]", "signature": "0"})
    with pytest.raises(ValueError, match="not signed"):
        function((arguments[0][0], forged))
    assert queues.broker(arguments[0][0]).xrange("orders", min="999999-0", max="999999-0") == []


def test_a_connection_is_used_by_one_thread_at_a_time() -> None:
    """Behind a lock each thread gets the answer to its own question, and so it does from a pool of two."""
    for name in ("locks.weigh", "locks.borrow_connection"):
        function, arguments = function_and_arguments(find(name))
        in_turn = [function(argument) for argument in arguments[:16]]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(function, arguments[:16])) == in_turn


def test_no_stock_is_lost_that_threads_and_processes_book(tmp_path: Path) -> None:
    """A file's lock keeps the bookings of threads and of processes alike."""
    function, _ = function_and_arguments(find("locks.book_stock"))
    path = tmp_path / "stock.json"
    path.write_text("{}")
    spawning = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
    with ThreadPoolExecutor(4) as threads, spawning as processes:
        booked = [pool.submit(function, (str(path), n)) for n in range(60) for pool in [(threads, processes)[n % 2]]]
        labels = [future.result() for future in booked]
    assert json.loads(path.read_text()) == {str(article): article * 7 % 90 for article in range(60)}
    assert labels[59].startswith("59: 53 in stock\n")


def test_pages_are_parsed() -> None:
    """Both HTML parsers find every row of the page, and downloaded pages parse the same."""
    assert first_result("text.find_links") == (300, 901)
    assert first_result("text.read_prices") == pytest.approx(sum(round(n * 1.37 % 90, 2) for n in range(200)))
    assert first_result("mixed.collect_links.mostly-parsing") == (250, 751)
    if not find("text.find_bargains").missing:
        cheap = [f"/article/{number}" for number in range(1_500) if round(number * 1.37 % 90, 2) < 5]
        assert first_result("text.find_bargains") == cheap
    assert list(first_result("web.scrape").values()) == pytest.approx([round(n * 1.37 % 90, 2) for n in range(100)])


def test_pictures_and_frames_are_encoded() -> None:
    """Thumbnails, tinted pictures and previews open again, and an encoded group starts with a frame that unpacks."""
    image = pytest.importorskip("PIL.Image")
    sizes = {"images.make_thumbnail": (320, 240), "images.tint_pixels": (160, 120), "video.make_preview": (320, 192)}
    for name, size in sizes.items():
        with image.open(io.BytesIO(first_result(name))) as picture:
            assert picture.size == size
    assert len(zlib.decompressobj().decompress(first_result("video.encode_group"))) == 160 * 96


def test_motion_is_found() -> None:
    """The encoder finds that the textured square moves by one pixel down and two to the right in each frame."""
    np = pytest.importorskip("numpy")
    video = pytest.importorskip("profiles.video")
    raw = np.fromfile(video.group_file(0), dtype=np.uint8).reshape(video.FRAMES, video.HEIGHT, video.WIDTH)
    frames = raw.astype(np.int16)
    assert video.find_motion(frames[0], frames[1], 32, 40) == (31, 38)


def test_small_pictures_and_frames_keep_what_is_in_them() -> None:
    """A sheet of 64 icons shrinks to 24 pixels an icon, and a frame has edges, though not everywhere."""
    assert len(first_result("images.make_icons")) == (8 * 24) ** 2 * 3
    assert 0 < first_result("images.find_edges") < 640 * 480 / 10


def test_invoices_curves_and_averages_are_right() -> None:
    """Decimals add up to the cent, the curve's capacity is where the population ends, the average within the load."""
    function, arguments = function_and_arguments(find("numeric.total_invoice"))
    net = sum(Decimal(line) * (Decimal("0.97") if Decimal(line) > 50 else 1) for line in arguments[0])
    assert function(arguments[0]) == (net * Decimal("1.19")).quantize(Decimal("0.01"))
    function, arguments = function_and_arguments(find("numeric.fit_growth"))
    assert function(arguments[0])[0] == pytest.approx(arguments[0][-8:].mean(), rel=0.05)
    least, most = first_result("numeric.average_load")
    assert 0 < least < pytest.importorskip("profiles.numeric").load().mean() < most


def test_tables_are_summed_as_they_stand() -> None:
    """polars, pyarrow and a lambda in pandas find what plain Python finds in the same rows."""
    function, arguments = function_and_arguments(find("parallel.total_sales"))
    revenue: Counter[str] = Counter()
    for line in Path(arguments[0]).read_text().splitlines()[1:]:
        shop, amount, cents = line.split(",")
        revenue[shop] += int(amount) * int(cents) * (int(amount) > 2)
    assert function(arguments[0]) == revenue
    assert sum(first_result("dataframes.count_visits").values()) == pytest.approx(20_000, rel=0.05)
    function, arguments = function_and_arguments(find("dataframes.rate_orders"))
    rows = arguments[0].itertuples()
    dues = (row.amount * row.price * (0.9 if row.channel == "web" and row.amount > 5 else 1) for row in rows)
    assert function(arguments[0]) == pytest.approx(sum(dues))


def test_models_have_learnt_something() -> None:
    """Forests and boosting are right far more often than chance, and a changed text is found again."""
    assert first_result("learning.evaluate_fold") > 0.8
    assert first_result("parallel.evaluate_model") > 0.5
    assert 0 <= first_result("learning.score_customer") <= 1
    assert set(first_result("learning.rate_batch")) == {0, 1}
    assert {len(words) for words in first_result("learning.find_keywords")} == {5}
    function, arguments = function_and_arguments(find("parallel.find_similar"))
    parallel = pytest.importorskip("profiles.parallel")
    assert function(parallel.catalogue()[7:9]) == [7, 8]
    assert len(set(function(arguments[0]))) > 50


def test_child_programs_do_the_work() -> None:
    """The sorted file is as long as the unsorted one, and the script's result is that of its sum."""
    assert first_result("programs.sort_lines") == 50_000 * 15
    assert first_result("programs.run_script") == sum(number * number % 7 for number in range(200_000))
    _, paths = function_and_arguments(find("programs.add_up_column"))
    numbers = [float(line) for line in Path(paths[0]).read_text().split()]
    assert first_result("programs.add_up_column") == pytest.approx(sum(numbers), abs=1e-5)


def test_small_functions_do_what_they_say() -> None:
    """A date keeps its zone, spellings of an address come to one key, and the wrong fields of an order are named."""
    assert first_result("tiny.parse_date").isoformat() == "2025-03-01T00:00:00+00:00"
    spellings = ("Frau Weiß\nGroße Münsterstraße 7 B\n8001 Zürich", "WEISS\nMünsterstrasse, grosse 7b\n8001  ZURICH")
    assert len({tiny.normalise_address(spelling) for spelling in spellings}) == 1
    assert first_result("tiny.validate_record") == [f"lines.{line}.amount" for line in (0, 15, 30, 45)]
    function, orders = function_and_arguments(find("tiny.validate_record"))
    assert function(orders[1]) == []
    assert function("{}") == ["customer", "placed", "lines"]


def test_long_calls_are_few_and_at_irregular_places() -> None:
    """A number is the product of its factors, texts come sorted by length, and a twentieth of the reports is late."""
    function, numbers = function_and_arguments(find("uneven.factorise"))
    assert all(math.prod(function(number)) == number for number in numbers[:20])
    assert sum(number > 10**12 for number in numbers) == len(numbers) // 20
    _, pairs = function_and_arguments(find("uneven.compare"))
    lengths = [len(old.split()) for old, _ in pairs]
    assert lengths == sorted(set(lengths))
    assert 0.6 < first_result("uneven.compare") < 1
    _, addresses = function_and_arguments(find("uneven.fetch_report"))
    assert sum("ms=80" in address for address in addresses) == len(addresses) // 20


def test_packed_and_sealed_data_can_be_had_again() -> None:
    """A message unpacks, a signature verifies, and a backup that was tampered with is refused."""
    function, messages = function_and_arguments(find("compression.gzip_message"))
    assert gzip.decompress(function(messages[0])) == messages[0]
    exceptions = pytest.importorskip("cryptography.exceptions")
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    sign, documents = function_and_arguments(find("crypto.sign_document"))
    public = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a seed").digest()).public_key()
    public.verify(sign(documents[0]), documents[0])
    check, backups = function_and_arguments(find("crypto.check_backup"))
    assert check(backups[0]) == 4 << 20
    tampered = Path(f"{backups[0]}.tampered")
    tampered.write_bytes(Path(backups[0]).read_bytes()[:-1] + b"!")
    with pytest.raises(exceptions.InvalidTag):
        check(str(tampered))


def test_planets_keep_their_energy_finite_and_longer_runs_differ() -> None:
    """Simulations depend on their input alone."""
    function, arguments = function_and_arguments(find("simulation.move_planets"))
    assert len({function(steps) for steps in set(arguments)}) == 6
    assert 0 < first_result("simulation.price_option") < 20
    assert 0 < first_result("simulation.serve_customers") < 120


def test_large_payloads_hold_what_was_asked_for() -> None:
    """Deliveries are read row by row, the level is that of the samples, and a level path climbs nothing."""
    deliveries = first_result("payloads.read_deliveries")
    assert [delivery.number for delivery in deliveries] == list(range(4_000))
    assert payloads.TERRAIN.climb((5.0, 5.0, 5.0, 5.0)) == 0
    assert payloads.TERRAIN.height(3.0, 4.0) == payloads.TERRAIN.heights[4 * 1_000 + 3]
    np = pytest.importorskip("numpy")
    samples = np.array([0, 32_100, -32_100, 100], dtype=np.int16)
    assert payloads.measure_level(samples) == (16_075.0, 2)


def test_manifests_and_ledgers_add_up() -> None:
    """Services ask for their memory times their number, and customers are ranked by what they spent."""
    if not find("text.read_manifest").missing:
        assert list(first_result("text.read_manifest").values())[:3] == [64, 256, 576]
    ranked = first_result("unpicklable.rank_customers")
    assert len(ranked) == 20
    assert [amount for _, _, amount in ranked] == sorted((amount for _, _, amount in ranked), reverse=True)


# --- the server and the files ------------------------------------------------------------------------------------


def test_server_answers_hundreds_at_once() -> None:
    """200 connections that are open at the same time all get their answer."""
    connections = [http.client.HTTPConnection("127.0.0.1", loopback.port(), timeout=30) for _ in range(200)]
    for connection in connections:
        connection.request("GET", "/bytes?size=3000&ms=200")
    assert [len(connection.getresponse().read()) for connection in connections] == [3000] * 200
    for connection in connections:
        connection.close()


def test_server_keeps_a_connection_and_survives_nonsense() -> None:
    """A connection serves one request after another; unknown pages are 404, and nonsense harms only its sender."""
    with socket.create_connection(("127.0.0.1", loopback.port()), timeout=10) as rude:
        rude.sendall(b"nonsense\r\n\r\n")
        assert rude.recv(100) == b""
    connection = http.client.HTTPConnection("127.0.0.1", loopback.port(), timeout=30)
    connection.request("GET", "/items?count=2")
    assert [article["id"] for article in json.load(connection.getresponse())] == [0, 1]
    connection.request("GET", "/nowhere")
    response = connection.getresponse()
    assert (response.status, response.read()) == (404, b"no such page\n")
    connection.close()


def test_broker_refuses_what_it_does_not_know_and_forgets_the_oldest() -> None:
    """An unknown command is an error and the connection goes on; of too many messages the newest stay."""
    with socket.create_connection(("127.0.0.1", loopback.port()), timeout=10) as client, client.makefile("rwb") as line:
        for command, answer in (("KEYS *", b"-ERR unknown command\r\n"), ("XACK none all 1-0", b":0\r\n")):
            words = command.split()
            line.write(f"*{len(words)}\r\n".encode() + b"".join(map(server.encoded, words)))
            line.flush()
            assert line.readline() == answer
    stream: dict[str, list[str]] = {}
    names = [server.add_message(stream, ["text", str(number)]) for number in range(server.MESSAGES_KEPT + 2)]
    assert list(stream) == names[2:]


def test_mail_server_takes_one_mail_after_another() -> None:
    """A mail with a line that is a dot is taken whole, and the connection takes the next."""
    with smtplib.SMTP("127.0.0.1", loopback.mail_port(), local_hostname="localhost", timeout=10) as peer:
        for text in ("one\n.\ntwo", "three"):
            assert peer.sendmail("a@example.org", ["b@example.org"], text) == {}
        assert peer.noop()[0] == 250


def test_limited_pages_queue_for_a_place() -> None:
    """Without a free place the limited page waits and other pages do not; with one it is served."""

    async def check() -> None:
        limit = asyncio.Semaphore(1)
        async with limit:
            queued = asyncio.create_task(server.answer("/limited?size=5", limit))
            assert (await server.answer("/bytes?size=5", limit))[2] == b"....."
            await asyncio.sleep(0.01)
            assert not queued.done()
        assert (await queued)[2] == b"....."

    asyncio.run(check())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_server_ends_with_a_killed_process(end: signal.Signals) -> None:
    """However the process that started it is ended, the server is gone soon after."""
    with run_python("from profiles import loopback; print(loopback.port(), flush=True); input()") as starter:
        assert starter.stdout is not None
        port = int(starter.stdout.readline())
        assert accepts(port)
        starter.send_signal(end)
    assert wait_until(lambda: not accepts(port))


def test_forks_leave_the_server_and_the_files_to_their_parent() -> None:
    """A fork that exits takes neither the server nor the folder along; the parent's own exit removes both."""
    script = """
import os, sys
from pathlib import Path
from profiles import loopback, scratch, server, web
address, folder = loopback.url("/bytes?size=7"), scratch.folder()
child = os.fork()
if child == 0:
    sys.exit()
os.waitpid(child, 0)
print(loopback.port(), folder, web.download(address), folder.is_dir(), flush=True)
"""
    with run_python(script) as starter:
        assert starter.stdout is not None
        port, folder, size, kept = starter.stdout.read().split()
    assert starter.returncode == 0
    assert (size, kept) == ("7", "True")
    assert not Path(folder).exists()
    assert not accepts(int(port))


# --- the job in a process of its own ------------------------------------------------------------------------------


def test_a_job_is_done_in_a_process_of_its_own() -> None:
    """The same job runs one after the other, in threads and in processes, and says how long it took."""
    for plan in (SEQUENTIAL, Plan("threading", 2), Plan("multiprocessing", 2, chunk=20_000)):
        workload = Workload("tiny.clamp", "", "", 0, "", "")  # found again by its name over there
        assert 0 < measure(workload, plan, timeout=60) < 60


def test_a_job_that_cannot_be_done_says_why() -> None:
    """Arguments that can't be pickled fail in a process pool, with the reason."""
    with pytest.raises(JobError, match="make_rule"):
        measure(find("unpicklable.apply_rule"), Plan("multiprocessing", 2), timeout=60)


def test_a_job_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job beyond its time is ended, with the server and all else it had started."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv("JOB_OF_THIS_TEST", mark)
    with pytest.raises(JobError, match=r"no end within 1 s"):
        measure(find("web.download"), SEQUENTIAL, timeout=1)
    assert wait_until(lambda: not marked(mark))


def marked(mark: str) -> list[int]:
    """Ids of processes with our mark in the environment they were started with."""
    return [process.pid for process in psutil.process_iter() if environment(process).get("JOB_OF_THIS_TEST") == mark]


def environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


# --- plans and the demo ---------------------------------------------------------------------------------------------


def advice(*, wait: float, coroutine: bool = False) -> Advice:
    profile = Profile(calls=10, wall=1.0, wait=wait, gil_held=1 - wait, coroutine=coroutine)
    seconds = Range(low=1, expected=1, high=1)
    processes = Alternative(
        strategy="multiprocessing", workers=2, feasible=True, seconds=seconds, speedup=seconds, why="", chunk=8
    )
    return Advice(
        recommendation="multiprocessing",
        workers=2,
        confidence=0.9,
        evidence="measured",
        speedup=Range(low=1.5, expected=1.8, high=2),
        seconds=seconds,
        summary="",
        reasons=(),
        warnings=(),
        alternatives=(processes,),
        profile=profile,
        machine=Machine(),
        job=Job(),
        snippet="",
        chunk=8,
    )


PICK = Plan("multiprocessing", 2, 8)


def test_a_plan_is_what_the_advice_says() -> None:
    """Strategy and workers come from the advice, chunks for processes only, and sequential has no workers to choose."""
    advised = advice(wait=0.0)
    assert plan_of(advised) == PICK
    assert plan_of(advised.model_copy(update={"recommendation": "threading"})) == Plan("threading", 2)
    assert plan_of(advised.model_copy(update={"recommendation": "sequential"})) == SEQUENTIAL
    with pytest.raises(ValueError, match="recommendation"):
        plan_of(advised.model_copy(update={"recommendation": "undecided"}))


def test_the_demo_compares_prediction_and_outcome() -> None:
    """The demo's last table shows both times and both speed-ups of each function, in 80 columns."""
    console = Console(width=80, file=io.StringIO())
    demo.show([demo.Outcome(find("simulation.price_option"), advice(wait=0.0), 4.0, 2.0)], console)
    assert isinstance(console.file, io.StringIO)
    row = next(line for line in console.file.getvalue().splitlines() if "price_option" in line)
    assert row.split() == ["price_option", "multiprocessing", "×", "2", "4.00", "s", "2.00", "s", "1.8×", "2.0×"]
