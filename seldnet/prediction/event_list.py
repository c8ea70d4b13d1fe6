"""From rows of the output format to a list of events."""

from dataclasses import dataclass, field

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.descriptions import UNKNOWN_DISTANCE_M, Event
from seldnet.annotations.directions import cartesian_to_spherical, spherical_to_cartesian, wrap_azimuth_deg
from seldnet.annotations.event_frames import times_of_label_frames

LEAST_FRAMES = 5  # 0.1 s: shorter gaps are closed, and what is then shorter is no event
_UNIT = 2 ** 32  # directions and activities are summed as whole numbers: in whatever pieces, to the same sum


def find_events(rows: np.ndarray, activity: np.ndarray | None = None, *,
                dataset: Dataset = TAU2019) -> list[Event]:
    """Events that rows of the output format amount to.

    Parameters
    ----------
    rows : int array, shape (rows, 4)
        Frame, class, azimuth and elevation in degrees, ascending frames.
    activity : array, shape (rows,), optional
        Of each row, 0..1, for the events' confidence.
    dataset : Dataset
        Its classes.

    Returns
    -------
    list of Event
        In the order of their starts. The direction of an event is the mean of its frames' (as vectors), in
        whole degrees; distances are unknown; the confidence is the mean activity of its rows.

    Examples
    --------
    >>> event, = find_events(np.array([(frame, 3, 20, 10) for frame in range(50, 101)]))
    >>> event.class_index, event.start_s, event.end_s, event.azimuth_deg
    (3, 1.01, 1.99, 20)
    """
    finder = EventFinder(dataset)
    return sorted(finder.add(rows, activity) + finder.finish(), key=event_order)


def event_order(event: Event) -> tuple[float, int]:
    """Sorting key of events: their start, then their class.

    Parameters
    ----------
    event : Event

    Returns
    -------
    tuple
    """
    return event.start_s, event.class_index


@dataclass
class _Open:
    """What is known of an event that may go on."""

    first: int
    last: int
    nb_rows: int = 0
    axes: np.ndarray = field(default_factory=lambda: np.zeros(3, np.int64))
    activity: int = 0


class EventFinder:
    """Finds events in rows that come piece by piece; memory depends on neither their number nor their length.

    Parameters
    ----------
    dataset : Dataset
        Its classes.
    """

    def __init__(self, dataset: Dataset = TAU2019):
        self._open: list[_Open | None] = [None] * dataset.nb_classes
        self._has_activity = False

    def add(self, rows: np.ndarray, activity: np.ndarray | None = None,
            nb_frames: int | None = None) -> list[Event]:
        """Take the next rows.

        Parameters
        ----------
        rows : int array, shape (rows, 4)
            Ascending frames, after those of the rows before.
        activity : array, shape (rows,), optional
            As of `find_events`, always or never.
        nb_frames : int, optional
            How many frames of the recording are known by now: a class of which there are no rows is silent
            there. By default up to the last row.

        Returns
        -------
        list of Event
            That are final now: their class has been silent for more than `LEAST_FRAMES` frames.
        """
        self._has_activity |= activity is not None
        events: list[Event] = []
        for class_index in range(len(self._open)):
            is_class = rows[:, 1] == class_index
            of_class = rows[is_class]
            weights = np.zeros(len(of_class)) if activity is None else np.clip(activity[is_class], 0, 1)
            borders = np.flatnonzero(np.diff(of_class[:, 0]) > LEAST_FRAMES) + 1
            for piece, of_piece in zip(np.split(of_class, borders), np.split(weights, borders)):
                if len(piece):
                    self._add_piece(class_index, piece, of_piece, events)
            last = self._open[class_index]
            if last and nb_frames is not None and nb_frames - 1 - last.last >= LEAST_FRAMES:
                self._close(class_index, events)
        return sorted(events, key=event_order)

    def finish(self) -> list[Event]:
        """The events that were going on when the recording ended."""
        events: list[Event] = []
        for class_index in range(len(self._open)):
            self._close(class_index, events)
        return sorted(events, key=event_order)

    def _add_piece(self, class_index: int, rows: np.ndarray, activity: np.ndarray,
                   events: list[Event]) -> None:
        first, last = int(rows[0, 0]), int(rows[-1, 0])
        going_on = self._open[class_index]
        if going_on and first - going_on.last > LEAST_FRAMES:
            self._close(class_index, events)
        event = self._open[class_index] = self._open[class_index] or _Open(first, last)
        axes = spherical_to_cartesian(*np.radians(rows[:, 2:].T.astype(float)))
        event.last = last
        event.nb_rows += len(rows)
        event.axes += np.rint(np.multiply(axes, _UNIT)).astype(np.int64).sum(axis=1)
        event.activity += int(np.rint(activity * _UNIT).astype(np.int64).sum())

    def _close(self, class_index: int, events: list[Event]) -> None:
        event = self._open[class_index]
        self._open[class_index] = None
        if event is None or event.last - event.first + 1 < LEAST_FRAMES:
            return
        azimuth_deg, elevation_deg, _ = np.degrees(cartesian_to_spherical(*event.axes.astype(float)))
        start_s, end_s = (round(time_s, 2) for time_s in times_of_label_frames(event.first, event.last))
        confidence = event.activity / _UNIT / event.nb_rows if self._has_activity else None
        events.append(Event(class_index, start_s, end_s, wrap_azimuth_deg(round(float(azimuth_deg))),
                            round(float(elevation_deg)), UNKNOWN_DISTANCE_M, confidence=confidence))
