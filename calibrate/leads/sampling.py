"""Histories that are a sample of the lost leads, which make every percentage point wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from calibrate.errors import DataError, shown
from calibrate.leads.columns import ColumnProfile
from calibrate.leads.outcome import OPEN, WON, Outcome
from calibrate.listing import quoted
from calibrate.settings import Settings

_WEIGHT = re.compile(r".*(?:weight|gewicht|poids|v.gt)(?:s|ung)?|(?:.*[ _.-])?wt", re.IGNORECASE)
_OF_A_ROW = re.compile(r"(?:sampl\w*?|case|row|survey|freq\w*?|inverse\w*?)[ _.-]?(?:weights?|wt)", re.IGNORECASE)


def weight_columns(profiles: Iterable[ColumnProfile], settings: Settings) -> tuple[ColumnProfile, ...]:
    """The columns of numbers that may be weights by their names, but for those left out or allowed."""
    said = {*settings.columns.skip, *settings.columns.allow}
    return tuple(
        item for item in profiles if item.name not in said and item.kind == "number" and _WEIGHT.fullmatch(item.name)
    )


def refuse_sampled(profiles: tuple[ColumnProfile, ...], sample: pa.Table, outcome: Outcome, settings: Settings) -> None:
    """Nothing, unless a column of weights says that rows stand for different numbers of leads.

    It does where its name says so and it varies (`sample_weight`), and where a column called a weight is one number for
    every won lead and another one for every lost (1 and 10: a tenth of the lost leads; nothing counts as 1). Such a
    history has a wrong overall rate and wrong lifts, and weights are not supported. A column that is left out (--skip),
    or named by --allow, is not looked at.

    Raises:
        DataError: the leads are a sample.
    """
    for profile in weight_columns(profiles, settings):
        name = profile.name
        batch = pa.RecordBatch.from_struct_array(pa.concat_arrays(sample.to_struct_array().chunks))
        states = outcome.states(batch)
        weights = sample[name].combine_chunks()
        of_won = pc.unique(weights.filter(pa.array(states == WON)).drop_null()).to_pylist()
        of_lost = pc.unique(weights.filter(pa.array((states != WON) & (states < OPEN))).drop_null()).to_pylist()
        # A kind of leads without weights was taken in full.
        apart = len(of_won) <= 1 and len(of_lost) <= 1 and (of_won or [1]) != (of_lost or [1])
        if apart:
            told = [f"{held[0]:g}" if held else "nothing" for held in (of_won, of_lost)]
            found = f"{told[0]} for every won lead and {told[1]} for every lost one"
        elif _OF_A_ROW.fullmatch(name) and len({*of_won, *of_lost}) > 1:
            found = f"weights from {pc.min(weights).as_py():g} to {pc.max(weights).as_py():g}"
        else:
            continue
        raise DataError(
            f"column {shown(name)}: found {found}, so the file holds a sample of the leads; expected every lead once. "
            "In a sample the overall rate and all points are wrong, and weights cannot be taken into account: take the "
            f"full list; if the column means something else, --skip {quoted(name)} leaves it out and --allow keeps it"
        )
