from .context import Context
from .registry import dispatch, on


@on("sensor")
def smooth(message, context):
    level = 0.0
    for value in message["values"]:
        level = 0.9 * level + 0.1 * value
        if level > 70:
            context.add("high", 1)
    context.emit("smoothed", level=round(level, 4))


@on("sensor")
@on("meter")
def extremes(message, context):
    values = message["values"]
    peaks = [b for a, b, c in zip(values, values[1:], values[2:]) if a < b > c]
    context.emit("peaks", count=len(peaks), top=max(peaks))


@on("meter")
def digest(message, context):
    check = 7
    for value in message["values"]:
        check = (check * 33 + value) % 1000003
    context.emit("digest", check=check)


def process(message):
    context = dispatch(message, Context())
    return message["id"], context.events, context.totals


def messages():
    return [{"id": n, "kind": "sensor" if n % 2 else "meter", "values": bytes((n * 31 + k * k * 7) % 101 for k in range(24000))} for n in range(160)]
