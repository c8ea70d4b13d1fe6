"""Annotations and predictions of DCASE 2020 to 2024 as this project's, and back.

A frame k of 100 ms is the 20 ms frames 5k to 5k + 4; on the way back it is active if three of them are. The
arrays of later years are those of `later_files`: their columns are `later_files.COLUMNS`.
"""

import math
from collections.abc import Sequence

import numpy as np

from seldnet.annotations.dataset import FRAMES_PER_SECOND
from seldnet.annotations.descriptions import UNKNOWN_DISTANCE_M, Event
from seldnet.annotations.directions import cartesian_to_spherical, spherical_to_cartesian, wrap_azimuth_deg
from seldnet.annotations.event_frames import label_frames, times_of_label_frames
from seldnet.annotations.later_files import COLUMNS, LATER_FRAMES_PER_SECOND, ranks

FRAMES_OF_LATER = FRAMES_PER_SECOND // LATER_FRAMES_PER_SECOND  # 20 ms frames of a frame of 100 ms
LEAST_ACTIVE = 3  # of them, in an active frame of 100 ms
CM_OF_METRE = 100

_SPEECH_TO_KNOCK = ('Female speech', 'Male speech', 'Clapping', 'Telephone', 'Laughter', 'Domestic sounds',
                    'Walk/footsteps', 'Door open or close', 'Music', 'Musical instrument', 'Water tap/faucet',
                    'Bell', 'Knock')
# Of the data sets of the task: TAU-NIGENS SSE 2020 and 2021, STARSS22, and STARSS23 in two years.
CLASSES_OF_YEAR = {
    2020: ('alarm', 'baby', 'crash', 'dog', 'engine', 'female_scream', 'female_speech', 'fire', 'footsteps',
           'knock', 'male_scream', 'male_speech', 'phone', 'piano'),
    2021: ('alarm', 'crying baby', 'crash', 'barking dog', 'female scream', 'female speech', 'footsteps',
           'knocking on door', 'male scream', 'male speech', 'ringing phone', 'piano'),
    2022: _SPEECH_TO_KNOCK,
    2023: _SPEECH_TO_KNOCK,
    2024: _SPEECH_TO_KNOCK,
}


def metadata_to_events(rows: np.ndarray) -> list[Event]:
    """Events of metadata: each is as long as its source stays where it is.

    Their times give exactly the labels' frames 5k to 5k + 4 of each frame k, so that the pieces of a source's
    path neither overlap nor leave gaps.

    Parameters
    ----------
    rows : float array, shape (rows, 6)
        As of `read_metadata`, in any order.

    Returns
    -------
    list of Event
        In the order of their starts.

    Examples
    --------
    >>> rows = np.array([[0, 5, 1, -30, 10, 120], [1, 5, 1, -30, 10, 120], [2, 5, 1, -29, 10, 120]])
    >>> [(event.azimuth_deg, label_frames(event.start_s, event.end_s)) for event in metadata_to_events(rows)]
    [(-30, (0, 9)), (-29, (10, 14))]
    """
    whole = np.nan_to_num(rows, nan=-1).astype(int)  # -1 for an unknown distance
    # Class to distance, the number of a row among equal ones (several sources may have index 0), frame.
    table = np.column_stack((whole[:, 1:], ranks(whole), whole[:, 0]))
    table = table[np.lexsort(table.T[::-1])]
    step = np.diff(table, axis=0)
    borders = np.flatnonzero((step[:, :-1] != 0).any(axis=1) | (step[:, -1] != 1)) + 1
    events = []
    for piece in np.split(table, borders) if len(table) else ():
        class_index, source, azimuth_deg, elevation_deg, distance_cm, _, first = piece[0].tolist()
        last = int(piece[-1, -1])
        times_s = times_of_label_frames(FRAMES_OF_LATER * first,
                                        FRAMES_OF_LATER * last + FRAMES_OF_LATER - 1)
        distance_m = distance_cm / CM_OF_METRE if distance_cm >= 0 else UNKNOWN_DISTANCE_M
        events.append(Event(class_index, *times_s, azimuth_deg, elevation_deg, distance_m, source))
    return sorted(events, key=lambda event: (event.start_s, event.class_index, event.source))


def events_to_metadata(events: Sequence[Event]) -> np.ndarray:
    """Metadata of events, whatever they come from.

    Events of one class and source are its path: what they say of a frame is averaged. Where two of them sound
    at once they are two sources of the same index. Events without a source get the numbers above those given.

    Parameters
    ----------
    events : sequence of Event

    Returns
    -------
    float array, shape (rows, 6)
        Ascending by frame, class and source; whole degrees, and cm or NaN.
    """
    unused = 1 + max((event.source for event in events if event.source is not None), default=-1)
    last_of_tracks: dict[tuple[int, int], list[int]] = {}  # the last frame of each track of class and source
    pieces = []
    for event in sorted(events, key=lambda event: event.start_s):
        first, last = label_frames(event.start_s, event.end_s)
        source = event.source
        if source is None:
            source, unused = unused, unused + 1
        tracks = last_of_tracks.setdefault((event.class_index, source), [])
        track = next((number for number, end in enumerate(tracks) if end < first), len(tracks))
        tracks[track:track + 1] = [last]
        frames = np.arange(first, last + 1)
        row = (event.class_index, source, track, event.azimuth_deg, event.elevation_deg,
               event.distance_m * CM_OF_METRE)
        pieces.append(np.column_stack((frames, np.tile(row, (len(frames), 1)))))
    rows = _later_frames(np.concatenate(pieces)) if pieces else np.zeros((0, len(COLUMNS)))
    rows[:, 3:] = np.round(rows[:, 3:])
    return rows


def predictions_to_2019(rows: np.ndarray) -> np.ndarray:
    """Rows of the output format of 2019: five for each; sources and distances have no place there.

    Parameters
    ----------
    rows : float array, shape (rows, 6)
        As of `read_predictions`, in any order.

    Returns
    -------
    int array, shape (5 * rows, 4)
        Frame (20 ms), class, azimuth -180..179 and elevation; ascending frames.
    """
    frame, class_index, _, azimuth_deg, elevation_deg, _ = np.round(rows).T
    frames = FRAMES_OF_LATER * frame[:, np.newaxis] + np.arange(FRAMES_OF_LATER)
    repeated = np.repeat(np.column_stack((class_index, wrap_azimuth_deg(azimuth_deg), elevation_deg)),
                         FRAMES_OF_LATER, axis=0)
    result = np.column_stack((frames.ravel(), repeated)).astype(int)
    return result[np.argsort(result[:, 0], kind='stable')]


def predictions_from_2019(rows: np.ndarray) -> np.ndarray:
    """Predictions of 100 ms frames from rows of the output format of 2019.

    Parameters
    ----------
    rows : int array, shape (rows, 4)
        As of `read_output_rows`.

    Returns
    -------
    float array, shape (rows, 6)
        Ascending by frame, class and source: 0, 1, ... for a class that is there several times, in the order
        of the rows. Azimuths are -180..179, not rounded; distances NaN.
    """
    source = ranks(rows[:, :2])
    nothing = np.zeros(len(rows)), np.full(len(rows), math.nan)  # one track a source, no distance
    later = _later_frames(np.column_stack((rows[:, :2], source, nothing[0], rows[:, 2:], nothing[1])))
    later[:, 3] = wrap_azimuth_deg(later[:, 3].round(9))
    return later


def _later_frames(rows: np.ndarray) -> np.ndarray:
    """`COLUMNS` of 100 ms frames from 20 ms frame, class, source, track, azimuth, elevation, distance."""
    keys = np.column_stack((rows[:, 0] // FRAMES_OF_LATER, rows[:, 1:4]))
    unique, group, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    axes = (*spherical_to_cartesian(*np.radians(rows[:, 4:6].T)), rows[:, 6])
    x, y, z, distance = (np.bincount(group.ravel(), axis, len(unique)) / counts for axis in axes)
    azimuth, elevation, _ = np.degrees(cartesian_to_spherical(x, y, z))
    later = np.column_stack((unique[:, :3], azimuth, elevation, distance))
    return later[counts >= LEAST_ACTIVE]
