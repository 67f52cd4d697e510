"""Holds what fetch told programs against its schemas, and against the rules of docs/events.md.

    events.py DOCS FOLDER

DOCS has the schemas. FOLDER has pairs of files, NAME.events and NAME.summary, of one run each.
Prints what is wrong, and ends with status 1 if anything is; else prints how much was looked at.
"""

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

from jsonschema import Draft202012Validator


class Form:
    """A schema. Where it is a choice of forms that differ in `event`, only that one is tried."""

    def __init__(self, path):
        schema = json.loads(path.read_text())
        Draft202012Validator.check_schema(schema)
        self.whole = Draft202012Validator(schema)
        defs = schema.get("$defs", {}).items()
        self.named = {name: Draft202012Validator(form) for name, form in defs}

    def wrong(self, value):
        form = self.named.get(value.get("event"), self.whole)
        for error in form.iter_errors(value):
            yield f"{error.message} at {error.json_path}"


def wrong_story(events):
    """What docs/events.md promises of the lines of a run together."""
    if not events:
        yield "there is no line at all"
        return
    if events[0]["event"] != "began" or events[-1]["event"] != "ended":
        yield "it does not begin with `began` and end with `ended`"
    times = [event["t"] for event in events]
    if times != sorted(times):
        yield "time goes back"
    files = defaultdict(list)
    for event in events:
        if event["file"] > 0:
            files[event["file"]].append(event)
    if set(files) != set(range(1, events[0]["files"] + 1)):
        yield f"these are not all files: {sorted(files)}"
    for file, own in files.items():
        names = Counter(event["event"] for event in own)
        if own[0]["event"] != "queued" or own[-1]["event"] != "done":
            yield f"file {file} does not begin with `queued` and end with `done`"
        if names["queued"] != 1 or names["done"] != 1 or names["started"] > 1:
            yield f"file {file} has two beginnings or ends"
        yield from wrong_requests(file, own)


def wrong_requests(file, own):
    order = ["wait", "dns", "connect", "tunnel", "tls", "request", "sent", "first_byte", "progress"]
    last = {}
    for event in own:
        request, name = event.get("request"), event["event"]
        if name in order:
            if order.index(name) < last.get(request, 0):
                yield f"file {file}, request {request}: `{name}` comes too late"
            last[request] = order.index(name)
        if event.get("took", 0) > event["t"]:
            yield f"file {file}: a step began before the run"


def wrong_summary(events, summary):
    told = [event for event in events if event["event"] == "done"]
    for done, file in zip(sorted(told, key=lambda event: event["file"]), summary["files"]):
        for member in ["file", "outcome", "why", "code", "received", "size"]:
            if done[member] != file[member]:
                yield f"file {done['file']}: {member} differs from its `done`"
    if len(told) != len(summary["files"]) or summary["code"] != events[-1]["code"]:
        yield "the summary tells another story"
    requests = sum(event["event"] == "request" for event in events)
    if summary["totals"]["requests"] != requests:
        yield "the number of requests differs"


def main(docs, folder):
    event, whole = (Form(docs / f"{name}.schema.json") for name in ["events", "summary"])
    problems, lines, runs = [], 0, 0
    for path in sorted(folder.glob("*.events")):
        runs += 1
        events = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            lines += 1
            events.append(json.loads(line))
            found = event.wrong(events[-1])
            problems += [f"{path.name}:{number}: {problem}: {line}" for problem in found]
        summary = json.loads(path.with_suffix(".summary").read_text())
        found = [f"summary: {problem}" for problem in whole.wrong(summary)]
        if not problems and not found:
            found += [*wrong_story(events), *wrong_summary(events, summary)]
        problems += [f"{path.name}: {problem}" for problem in found]
    for problem in problems[:20]:
        print(problem)
    print(f"{runs} runs, {lines} lines, {len(problems)} problems")
    return 1 if problems or not runs else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
