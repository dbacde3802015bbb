"""A first session from Python, as a marimo notebook: `marimo edit docs/notebook.py`, or run it as a script."""

import marimo

app = marimo.App(app_title="Lead-scoring points from past deals")

with app.setup:
    from pathlib import Path

    import marimo as mo
    import pandas as pd

    import calibrate as cal


@app.cell(hide_code=True)
def _():
    mo.md("""
    # Lead-scoring points from past deals

    A level that converts at 40 % where all leads convert at 15 % is worth 25 points. This notebook learns such points
    from a sample of 6,000 made-up leads, changes one of them as a meeting would, and takes the rules to new leads and
    other programs. Put the name of a file of your own, or a table, in the place of `history`.
    """)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Look at the file

    How it is read, what is in each column, and what could be the outcome.
    """)
    return


@app.cell
def _():
    history = cal.sample_file("leads.csv")
    inspection = cal.inspect(history)
    inspection
    return history, inspection


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Learn the points

    Won is won, lost is lost, and leads that are still open are left out. The date makes the test a fair one: points
    of older leads are tried on newer ones.
    """)
    return


@app.cell
def _(history):
    result = cal.calibrate(history, outcome="Status=Won", lost="Lost", date="Created")
    result
    return (result,)


@app.cell(hide_code=True)
def _():
    mo.md("""
    Behind every point stand its leads. A frame has one row a level; rates run from 0 to 1, lifts are percentage points.
    """)
    return


@app.cell
def _(result):
    levels = result.to_frame()
    sources = levels.loc[levels["attribute"] == "Lead source"]
    sources[["level", "leads", "conversions", "rate", "lift", "lift_low", "lift_high", "points"]].round(3)
    return levels, sources


@app.cell(hide_code=True)
def _():
    mo.md("""
    The report tells the rest: how the points rank leads that did not make them, what is counted twice, how stable the
    points are, what was left out and why. `report.save("report.html")` writes it as one file.
    """)
    return


@app.cell
def _(result):
    report = cal.report(result)
    mo.accordion({"The whole report": report})
    return (report,)


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Change points and see what follows

    Sales finds that a request for a demo weighs too much, and has room for more leads. Move the two; everything below
    follows. The leads counted here also made the points, so read the differences, not the levels.
    """)
    return


@app.cell
def _(result):
    counts = result.combinations()
    handover = result.rules.handover_score
    demo = ("requested_demo", "yes")
    points = mo.ui.number(-50, 50, value=20, label="Points for Requested demo = yes")
    threshold = mo.ui.slider(-20, 60, value=16, label="Hand over from score", show_value=True)
    mo.vstack([points, threshold])
    return counts, demo, handover, points, threshold


@app.cell
def _(counts, demo, handover, points, result, threshold):
    proposed = cal.with_points(result.rules, {demo: points.value})
    before = cal.figures(result.rules, counts, handover)
    after = cal.figures(proposed, counts, threshold.value)
    difference = cal.difference(result.rules, proposed, counts, handover, threshold.value)
    mo.vstack([mo.hstack([before, after], widths="equal"), difference])
    return after, before, difference, proposed


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Write down what was decided

    The next version of the rules keeps what history gave beside what people chose, and why. Percentiles, bands and
    chances are counted again.
    """)
    return


@app.cell
def _(counts, demo, handover, points, proposed, result, threshold):
    mo.stop(
        proposed.rules == result.rules.rules and threshold.value == handover,
        mo.md("Nothing was changed: set other points or another threshold."),
    )
    changes = cal.changes_to(
        result.rules,
        {demo: points.value},
        reasons={demo: "Sales calls everyone who asks for a demo anyway."},
        threshold=threshold.value,
    )
    adopted = cal.apply(result.rules, changes, date="2026-10-01", counts=counts)
    adopted
    return adopted, changes


@app.cell(hide_code=True)
def _():
    mo.md("""
    Old against new, on the leads: who changes band, what each version hands to sales, and which one ranks better.
    """)
    return


@app.cell
def _(adopted, history, result):
    comparison = cal.compare(result.rules, adopted, history)
    comparison
    return (comparison,)


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Score new leads

    One lead with its reasons, then those that are still open, best first. A table comes back as the kind it was.
    """)
    return


@app.cell
def _(adopted):
    lead = cal.score_lead(adopted, {"Requested demo": "yes", "Lead source": "Referral", "Pricing page visits": 4})
    lead
    return (lead,)


@app.cell
def _(adopted, history):
    leads = pd.read_csv(history)
    scored = cal.score_table(adopted, leads[leads["Status"] == "Open"]).sort_values("score", ascending=False)
    scored[["Lead ID", "Lead source", "Role", "score", "percentile", "band", "reasons"]].head(10)
    return leads, scored


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Take the rules along

    The rules file for any engine, a query for DuckDB that was run on the history, and what a product without bands
    would lose: all in `calibrate-notebook/`.
    """)
    return


@app.cell
def _(adopted, history):
    folder = Path("calibrate-notebook")
    exports = cal.export(adopted, "sql:duckdb,pipedrive", folder, check=history, overwrite=True)
    cal.save_rules(adopted, folder / "rules.json")
    mo.vstack(exports)
    return exports, folder


if __name__ == "__main__":
    app.run()
