"""Letters from a template that is copied before it is filled."""
import copy

TEMPLATE = {"head": {"to": None, "lines": []}, "body": [{"text": f"paragraph {n}", "marks": [n]} for n in range(200)]}


def letter(number):
    draft = copy.deepcopy(TEMPLATE)
    draft["head"]["to"] = number
    for place, paragraph in enumerate(draft["body"]):
        paragraph["marks"].append(number * place)
    draft["head"]["lines"] += [number, number + 1]
    return sum(sum(paragraph["marks"]) for paragraph in draft["body"]), draft["head"]


def make_inputs():
    return range(900)


def template():
    return TEMPLATE
