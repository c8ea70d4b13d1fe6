"""Which frames an event covers. 2019 had a rule for labels and another for the output format.

| whose | first frame | last frame, active too | |
|---|---|---|---|
| labels | floor(50 start) | ceil(50 end) | the references of all scores |
| output format | int(start / 0.02) | int(end / 0.02) | descriptions in pictures |
| predicted events, later years | - | - | the way back: the middles of the times with these label frames |

Labels stop at the recording's last frame; `cut_label_frames` says so for all events of a description.
"""

import math
from collections.abc import Sequence

import numpy as np

from seldnet.annotations.dataset import FRAMES_PER_SECOND

FRAME_S = 1 / FRAMES_PER_SECOND


def label_frames(start_s: float, end_s: float) -> tuple[int, int]:
    """First and last frame by the labels' rule, wherever the recording ends.

    2019 quirk: the last frame is ceil(50 end) *inclusive*, one more than a half-open range would give.

    Parameters
    ----------
    start_s, end_s : float
        Finite.

    Returns
    -------
    first, last : int
        Both active.

    Examples
    --------
    >>> label_frames(0.5, 1.0), label_frames(0.5, 1.001)
    ((25, 50), (25, 51))
    """
    return math.floor(start_s * FRAMES_PER_SECOND), math.ceil(end_s * FRAMES_PER_SECOND)


def cut_label_frames(times_s: Sequence[tuple[float, float]], nb_frames: int | None) -> np.ndarray:
    """First and last frame of each (start, end): int64, (events, 2); the last is at most `nb_frames`.

    Parameters
    ----------
    times_s : sequence of (start, end)
        Seconds.
    nb_frames : int or None
        Of the recording; None if it is not known, and nothing is cut. Its last frame is `nb_frames` - 1:
        whoever uses the result has to leave the frame `nb_frames` out.

    Returns
    -------
    int64 array, shape (events, 2)
        Of an event that starts after the recording the first is greater than the last.
    """
    frames = [label_frames(start_s, end_s) for start_s, end_s in times_s]
    frames = [(first, last if nb_frames is None else min(last, nb_frames)) for first, last in frames]
    return np.array(frames, np.int64).reshape(-1, 2)


def output_format_frames(start_s: float, end_s: float, hop_length_s: float = FRAME_S) -> range:
    """The active frames by the rule of `description_file_to_output_format`.

    2019 quirk: the frame rule is not that of the labels, and events may run beyond the recording.

    Parameters
    ----------
    start_s, end_s : float
    hop_length_s : float
        Seconds from a frame to the next.

    Returns
    -------
    range
        At least one frame.
    """
    return range(int(start_s / hop_length_s), int(end_s / hop_length_s) + 1)


def times_of_label_frames(first: int, last: int) -> tuple[float, float]:
    """Start and end in seconds of an event that was predicted in the frames first..last.

    A network learns the labels' rule. The middles of the times that give a frame as first and as last are the
    best guess, and become the same frames again.

    Parameters
    ----------
    first, last : int
        Both active, `last` > `first`: of a single frame the end would be before the start.

    Returns
    -------
    start_s, end_s : float

    Examples
    --------
    >>> label_frames(*times_of_label_frames(50, 100))
    (50, 100)
    """
    return (first + 0.5) * FRAME_S, (last - 0.5) * FRAME_S
