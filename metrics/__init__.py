"""The scores of sound event localization and detection: arrays in, counts out, ratios of counts.

    sed.py        detection in segments of one second (2019): error rate and F-score
    doa.py        directions, frame by frame (2019): DOA error and frame recall
    seld.py       the two together (2019): the SELD score
    joint.py      detection and direction judged together (2020 and later): ER20, F20, LE, LR
    jackknife.py  how far a score would move with other recordings

Every module works in two steps. `count` turns events into a *record*: integer counts and sums of distances.
The scores are pure functions of a record. Records add, so the scores of a group of recordings are the scores
of its sum, and a score exists once.

Conventions
-----------
Events are rows, not dense label tensors: an array (rows, 4) of frame, class index, azimuth and elevation in
degrees, one row an active event of a frame, in any order of frames. `count` takes any number of
recordings at once: their frames run on, so frame f of recording r is `r * nb_frames + f`, and the record's
arrays have a leading axis of recordings.

No files, names of classes or data set here: sizes are arguments. NumPy and SciPy only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Record:
    """Counts and sums that add, field by field; with a leading axis, one record a recording."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(mine + theirs for mine, theirs in zip(self.values(), other.values())))

    def __sub__(self, other: Self) -> Self:
        return type(self)(*(mine - theirs for mine, theirs in zip(self.values(), other.values())))

    def __getitem__(self, recordings) -> Self:
        """The records of some recordings: an index, a slice, a mask or indices along the leading axis."""
        return type(self)(*(value[recordings] for value in self.values()))

    def __len__(self) -> int:
        return len(self.values()[0])

    def total(self) -> Self:
        """The sum over the leading axis."""
        return type(self)(*(value.sum(axis=0) for value in self.values()))

    def values(self) -> list[np.ndarray]:
        return [getattr(self, field.name) for field in fields(self)]

    @classmethod
    def concatenate(cls, records: Sequence[Self]) -> Self:
        """Records with a leading axis, one after the other."""
        return cls(*(np.concatenate(values) for values in zip(*(record.values() for record in records))))


def ratio(numerator, denominator, *, if_zero) -> np.ndarray:
    """`numerator / denominator`, and `if_zero` where the denominator is 0 (any shapes that broadcast)."""
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, float), denominator)
    quotient = np.array(np.broadcast_to(np.asarray(if_zero, float), numerator.shape))
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def segment_of(frame: np.ndarray, nb_frames: int, segment_frames: int) -> np.ndarray:
    """Running number of each frame's segment; segments start anew with each recording of `nb_frames`."""
    segments_a_recording = -(-nb_frames // segment_frames)
    recording, frame = np.divmod(frame, nb_frames)
    return recording * segments_a_recording + frame // segment_frames
