"""Reports of surveys built by hand, for the tests of what renders them."""

from __future__ import annotations

from advisor.models import Candidate, LoopObstacle, LoopPlace, Machine, SurveyReport
from advisor.models.survey_report import HotLine
from tests.sample_advice import around

MACHINE = Machine(cores=4)
PATCH = """\
--- shop/report.py
+++ shop/report.py
@@ -1,3 +1,5 @@
+import advisor
+
 def main(orders):
-    for order in orders:
-        totals.append(price(order))
+    for result in advisor.map(price, orders):
+        totals.append(result)
"""


def note(line: int, text: str, *, file: str = "shop/report.py", blocks: bool = False) -> LoopObstacle:
    return LoopObstacle(text=text, file=file, line=line, blocks=blocks)


ORDERS = Candidate(
    loop=LoopPlace(
        file="shop/report.py", line=12, last_line=14, function="main", source="for order in orders:", kind="for"
    ),
    iterations=2_000,
    executions=1,
    seconds=7.5,
    share=0.75,
    spread=0.1,
    independence="reduction",
    why="iterations share only `totals` (appended to); 6 iterations were watched",
    code="for order in orders:\n    totals.append(price(order))\n    print(order.number)",
    obstacles=(note(14, "prints with `print`, in the order of the loop"),),
    recommendation="multiprocessing",
    workers=4,
    speedup=3.6,
    speedup_range=around(3.0, 3.6, 3.9),
    program_speedup=2.2,
    program_speedup_range=around(2.0, 2.2, 2.3),
    snippet="import advisor\n",
    patch=PATCH,
)
ITEMS = Candidate(
    loop=LoopPlace(
        file="shop/prices.py", line=3, last_line=4, function="price", source="for item in order.items:", kind="for"
    ),
    iterations=40_000,
    executions=2_000,
    seconds=6.0,
    share=0.6,
    independence="independent",
    why="no iteration reads what another one writes; 6 iterations were watched",
    code="for item in order.items:\n    item.total = item.count * item.price",
    recommendation="sequential",
    workers=1,
    speedup=1.0,
    program_speedup=1.0,
    inside=0,
)
LEDGER = Candidate(
    loop=LoopPlace(
        file="shop/report.py", line=20, last_line=23, function="<module>", source="for entry in ledger:", kind="for"
    ),
    iterations=300,
    executions=1,
    seconds=1.5,
    share=0.15,
    independence="carried",
    why="line 22 reads `balance`, which the iteration before has written",
    code="for entry in ledger:\n    # interest on all before\n    balance += balance * RATE\n    print(balance)",
    obstacles=(
        note(23, "prints with `print`, in the order of the loop"),
        note(22, "reads `balance`, which the iteration before has written", blocks=True),
        note(7, "uses a database with `book`", file="shop/book.py", blocks=True),
        note(9, "writes a file with `book`", file="shop/book.py"),
    ),
    recommendation="sequential",
    workers=1,
    speedup=1.0,
    program_speedup=1.0,
)
GAIN = SurveyReport(
    program="shop/report.py --year 2024",
    seconds=10.0,
    exit_status=0,
    runs=2,
    summary=(
        "The program becomes 2.2× as fast with 4 processes for the loop at shop/report.py:12: "
        "about 4.5 s instead of 10 s."
    ),
    candidates=(ORDERS, ITEMS, LEDGER),
    patch=PATCH,
    instead=("shop/prices.py:3 computes in Python, in short iterations: NumPy can run the whole loop natively.",),
    notes=("The program uses threads already.",),
    cpu_seconds=9.5,
    machine=MACHINE,
)
NO_LOOP = SurveyReport(
    program="serve.py",
    seconds=4.0,
    ending="stopped",
    exit_status=130,
    summary="The program waits for 98 % of its time at serve.py:17, outside of any loop: there is no loop to change.",
    hot_lines=(HotLine(file="serve.py", line=17, source="server.serve_forever()", share=0.98),),
    notes=("The program was stopped after the time limit: the figures are of what ran until then.",),
    machine=MACHINE,
)
