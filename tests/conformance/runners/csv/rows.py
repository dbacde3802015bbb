# engine: python csv
# in: here
# leads: 20000
import csv
import json
import sys
from itertools import groupby
from pathlib import Path


def text(row, key):
    return row[key][1:] if row[key].startswith("'") else row[key]


def whole(row, key):
    return int(row[key]) if row[key] else None


def bounded(points, row):
    low, high = whole(row, "min"), whole(row, "max")
    points = points if low is None else max(points, low)
    return points if high is None else min(points, high)


def true(row, value):
    match row["condition"]:
        case "in":
            return value == text(row, "value")
        case "is":
            return value is (row["value"] == "yes")
        case "has":
            return text(row, "value") in value
        case "range":
            low, high = row["from"], row["below"]
            return (not low or value >= float(low)) and (not high or value < float(high))


def points_of(rows, value, kind):
    if value is None or (value == "" and kind != "number"):
        return next(int(row["points"]) for row in rows if row["part"] == "missing")
    return next(
        int(row["points"]) for row in rows if row["part"] == "otherwise" or (row["condition"] and true(row, value))
    )


def scorer(rows):
    parts = {part: [row for row in rows if row["part"] == part] for part in ("score", "gate", "group", "band")}
    kinds = {text(row, "attribute"): row["type"] for row in rows if row["part"] == "attribute"}
    cases = [row for row in rows if row["part"] in ("case", "otherwise", "missing")]
    rules = [list(items) for _, items in groupby(cases, key=lambda row: row["id"])]

    def band_of(score):
        return next((text(row, "band") for row in parts["band"] if not row["from"] or score >= int(row["from"])), None)

    def score(lead):
        for row in parts["gate"]:
            value = lead.get(text(row, "attribute"))
            if value not in (None, "") and true(row, value):
                return int(row["points"]), text(row, "band") or band_of(int(row["points"]))
        sums = {}
        for items in rules:
            name, group = text(items[0], "attribute"), text(items[0], "group")
            sums[group] = sums.get(group, 0) + points_of(items, lead.get(name), kinds[name])
        caps = {text(row, "group"): row for row in parts["group"]}
        total = sum(bounded(sums.get(name, 0), caps[name]) for name in caps) + sums.get("", 0)
        points = bounded(total + int(parts["score"][0]["points"]), parts["score"][0])
        return points, band_of(points)

    return score


for folder in map(Path, sys.argv[1:]):
    with (folder / "rules.csv").open(encoding="utf-8", newline="") as file:
        score = scorer(list(csv.DictReader(file)))
    lines = [
        json.dumps(score(json.loads(line))) for line in (folder / "leads.jsonl").read_text("utf-8").split("\n") if line
    ]
    (folder / "scores.jsonl").write_text("\n".join(lines), "utf-8")
