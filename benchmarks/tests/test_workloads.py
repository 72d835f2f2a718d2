"""Results of the reference workloads."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import math
import multiprocessing
import re
import socket
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from advisor.target.inputs import load_calls
from profiles import chat, find, loopback, payloads, queues, scratch, tiny, web
from profiles.files import log_text
from profiles.testing import first_result, load_or_skip


@pytest.fixture(autouse=True, scope="module")
def _clean_up() -> Iterator[None]:
    yield
    loopback.stop()
    scratch.remove(scratch.folder())


def test_downloads_arrive_whole() -> None:
    """Downloads get the file's 64 KiB, the API's prices add up, and the limited server answers too."""
    assert first_result("web.download") == first_result("web.stream") == 65_536
    assert first_result("locks.call_limited_api") == 2_048
    assert first_result("web.call_api") == pytest.approx(sum(round(n * 1.37 % 90, 2) for n in range(20)))


def test_visits_are_counted_across_threads() -> None:
    """Requests answered in threads share the visit counts, and the page shows them."""
    function, arguments = load_or_skip(find("web.handle_request"))
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
    function, arguments = load_or_skip(find("files.write_report"))
    assert function(arguments[5]) == Path(arguments[5]).stat().st_size > 65_000
    assert not list(Path(arguments[5]).parent.glob("tmp*"))


def test_sales_are_read_as_objects_and_written_once() -> None:
    """SQLAlchemy's objects add up to what SQL adds up, and a batch that is imported twice is there once."""
    rows = [(index * 1.37 % 90) * (1 - index % 11 / 50) for index in range(400)]
    assert first_result("database.list_sales") == pytest.approx(sum(rows), abs=0.01)
    function, arguments = load_or_skip(find("database.import_sales"))
    assert [function(arguments[3]), function(arguments[3])] == [500, 500]
    with closing(sqlite3.connect(arguments[3][0])) as connection:
        assert connection.execute("select count(*) from imported where batch = 3").fetchone() == (500,)


def test_packed_files_hold_what_was_packed() -> None:
    """Errors in an archive and times in a gzip'd log are those of the logs they were made of."""
    assert first_result("files.search_archive")["0.log"] == log_text(3_000, 0).count(" ERROR ")
    log = log_text(20_000, 0)
    assert first_result("files.read_packed_log") == sum(map(int, re.findall(r"(\d+) ms$", log, re.MULTILINE)))


def test_orders_are_verified_and_removed_from_the_broker() -> None:
    """A receipt adds up an order, forged orders are refused, and unknown messages are not in the broker."""
    function, arguments = load_or_skip(find("queues.handle_order"))
    total = sum(round(number * 1.37 % 90, 2) for number in range(100))
    assert function(arguments[0]).splitlines()[-1].split() == ["Total", f"{total:.2f}"]
    forged = queues.broker(arguments[0][0]).xadd("orders", {"body": "[]", "signature": "0"})
    with pytest.raises(ValueError, match="not signed"):
        function((arguments[0][0], forged))
    assert queues.broker(arguments[0][0]).xrange("orders", min="999999-0", max="999999-0") == []


def test_a_connection_is_used_by_one_thread_at_a_time() -> None:
    """Behind a lock each thread gets the answer to its own question, and so it does from a pool of two."""
    for name in ("locks.weigh", "locks.borrow_connection"):
        function, arguments = load_or_skip(find(name))
        in_turn = [function(argument) for argument in arguments[:16]]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(function, arguments[:16])) == in_turn


def test_bookings_of_threads_and_processes_are_all_kept(tmp_path: Path) -> None:
    """A file lock keeps the bookings of threads and of processes alike."""
    function, _ = load_or_skip(find("locks.book_stock"))
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


def test_icons_shrink_and_frames_have_edges() -> None:
    """A sheet of 64 icons shrinks to 24 pixels an icon, and a frame has edges, but not everywhere."""
    assert len(first_result("images.make_icons")) == (8 * 24) ** 2 * 3
    assert 0 < first_result("images.find_edges") < 640 * 480 / 10


def test_invoices_curves_and_averages_are_right() -> None:
    """Decimals add up to the cent, the fitted capacity is where the population ends, averages lie within the load."""
    function, arguments = load_or_skip(find("numeric.total_invoice"))
    net = sum(Decimal(line) * (Decimal("0.97") if Decimal(line) > 50 else 1) for line in arguments[0])
    assert function(arguments[0]) == (net * Decimal("1.19")).quantize(Decimal("0.01"))
    function, arguments = load_or_skip(find("numeric.fit_growth"))
    assert function(arguments[0])[0] == pytest.approx(arguments[0][-8:].mean(), rel=0.05)
    least, most = first_result("numeric.average_load")
    assert 0 < least < pytest.importorskip("profiles.numeric").load().mean() < most


def test_tables_are_summed() -> None:
    """polars, pyarrow and a lambda in pandas agree with plain Python."""
    function, arguments = load_or_skip(find("parallel.total_sales"))
    revenue: Counter[str] = Counter()
    for line in Path(arguments[0]).read_text().splitlines()[1:]:
        shop, amount, cents = line.split(",")
        revenue[shop] += int(amount) * int(cents) * (int(amount) > 2)
    assert function(arguments[0]) == revenue
    assert sum(first_result("dataframes.count_visits").values()) == pytest.approx(20_000, rel=0.05)
    function, arguments = load_or_skip(find("dataframes.rate_orders"))
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
    function, arguments = load_or_skip(find("parallel.find_similar"))
    parallel = pytest.importorskip("profiles.parallel")
    assert function(parallel.catalogue()[7:9]) == [7, 8]
    assert len(set(function(arguments[0]))) > 50


def test_child_programs_do_the_work() -> None:
    """The sorted file is as long as the unsorted one, and the script's result is that of its sum."""
    assert first_result("programs.sort_lines") == 50_000 * 15
    assert first_result("programs.run_script") == sum(number * number % 7 for number in range(200_000))
    _, paths = load_or_skip(find("programs.add_up_column"))
    numbers = [float(line) for line in Path(paths[0]).read_text().split()]
    assert first_result("programs.add_up_column") == pytest.approx(sum(numbers), abs=1e-5)


def test_small_functions_do_what_they_say() -> None:
    """A date keeps its zone, spellings of an address come to one key, and the wrong fields of an order are named."""
    assert first_result("tiny.parse_date").isoformat() == "2025-03-01T00:00:00+00:00"
    spellings = ("Frau Weiß\nGroße Münsterstraße 7 B\n8001 Zürich", "WEISS\nMünsterstrasse, grosse 7b\n8001  ZURICH")
    assert len({tiny.normalise_address(spelling) for spelling in spellings}) == 1
    assert first_result("tiny.validate_record") == [f"lines.{line}.amount" for line in (0, 15, 30, 45)]
    function, orders = load_or_skip(find("tiny.validate_record"))
    assert function(orders[1]) == []
    assert function("{}") == ["customer", "placed", "lines"]


def test_long_calls_are_few_and_at_irregular_places() -> None:
    """Numbers are products of their factors, texts come sorted by length, a twentieth of the reports is late."""
    function, numbers = load_or_skip(find("uneven.factorise"))
    assert all(math.prod(function(number)) == number for number in numbers[:20])
    assert sum(number > 10**12 for number in numbers) == len(numbers) // 20
    _, pairs = load_or_skip(find("uneven.compare"))
    lengths = [len(old.split()) for old, _ in pairs]
    assert lengths == sorted(set(lengths))
    assert 0.6 < first_result("uneven.compare") < 1
    _, addresses = load_or_skip(find("uneven.fetch_report"))
    assert sum("ms=80" in address for address in addresses) == len(addresses) // 20


def test_packed_and_signed_data_is_recoverable() -> None:
    """A message unpacks, a signature verifies, and a backup that was tampered with is refused."""
    function, messages = load_or_skip(find("compression.gzip_message"))
    assert gzip.decompress(function(messages[0])) == messages[0]
    exceptions = pytest.importorskip("cryptography.exceptions")
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    sign, documents = load_or_skip(find("crypto.sign_document"))
    public = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a seed").digest()).public_key()
    public.verify(sign(documents[0]), documents[0])
    check, backups = load_or_skip(find("crypto.check_backup"))
    assert check(backups[0]) == 4 << 20
    tampered = Path(f"{backups[0]}.tampered")
    tampered.write_bytes(Path(backups[0]).read_bytes()[:-1] + b"!")
    with pytest.raises(exceptions.InvalidTag):
        check(str(tampered))


def test_simulations_depend_on_their_input_alone() -> None:
    """Runs of other lengths differ, and prices and waiting times are plausible."""
    function, arguments = load_or_skip(find("simulation.move_planets"))
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
