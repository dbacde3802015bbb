"""Leads that stand in more than one row, by a column that numbers them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from calibrate.leads.outcome import LOST, WON, Outcome
from calibrate.reading.values import no_value

_LEAST_DISTINCT = 0.5
_LEAST_REPEATED = 0.005
_OF = "(?:de|du|des|van|af|von|der|the)?"
_LEAD = "(?:lead|record|kundeemne)s?"
_NUMBER = "(?:id|uuid|guid|key|nr|no|num|number|nummer|numéro|identifiant)"
_ALONE = "id|uuid|guid|nr|nummer|identifiant"  # others may count something when they stand alone
_NAME = re.compile(f"{_ALONE}|{_LEAD}{_OF}{_NUMBER}|(?:{_NUMBER}|n){_OF}{_LEAD}")


@dataclass(frozen=True, slots=True)
class Repeated:
    """Leads that stand in more than one row.

    leads: values of the column that come more than once.  rows: in which they stand.  differ: how many of these
    leads were won in one row and lost in another.
    """

    column: str
    leads: int
    rows: int
    differ: int


def numbers_leads(name: str) -> bool:
    """Whether a column of that name numbers leads, and not accounts, contacts or campaigns, of which leads share one.

    >>> [numbers_leads(name) for name in ("Lead ID", "leadnr", "Id", "N° de lead")]
    [True, True, True, True]
    >>> [numbers_leads(name) for name in ("Account ID", "Klantnummer", "Number", "Lead source")]
    [False, False, False, False]
    """
    return _NAME.fullmatch("".join(re.findall(r"[^\W\d_]+", name.casefold()))) is not None


def repeated_leads(sample: pa.Table, outcome: Outcome, account: str | None) -> Repeated | None:
    """The leads that come again in the first column that numbers them; None where hardly any do.

    A column of which fewer than half the values differ numbers something else. Empty cells and placeholders are no
    number. account: the column that names accounts.
    """
    (batch,) = sample.combine_chunks().to_batches() or [None]
    if batch is None:
        return None
    states = outcome.states(batch)
    for name in sample.column_names:
        if name == account or not numbers_leads(name):
            continue
        texts = batch.column(name).cast(pa.string())
        numbered = np.asarray(pc.fill_null(pc.invert(no_value(texts)), False))
        encoded = pc.dictionary_encode(texts.filter(pa.array(numbered)))
        distinct, places = len(encoded.dictionary), np.asarray(encoded.indices)
        rows = np.bincount(places, minlength=distinct)
        again = rows > 1
        extra = len(places) - distinct
        few = again.sum() < 2 or extra < max(2, _LEAST_REPEATED * len(states))
        if few or distinct < _LEAST_DISTINCT * len(places):
            continue
        won, lost = (np.bincount(places[states[numbered] == end], minlength=distinct) > 0 for end in (WON, LOST))
        return Repeated(name, int(again.sum()), int(rows[again].sum()), int((again & won & lost).sum()))
    return None
