"""From rows of the output format to a list of events."""

import numpy as np

from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.descriptions import UNKNOWN_DISTANCE_M, Event
from seldnet.annotations.directions import mean_direction_deg, wrap_azimuth_deg
from seldnet.annotations.event_frames import times_of_label_frames

LEAST_FRAMES = 5  # 0.1 s: shorter gaps are closed, and what is then shorter is no event


def find_events(rows: np.ndarray, *, dataset: Dataset = TAU2019) -> list[Event]:
    """Events that rows of the output format amount to.

    Parameters
    ----------
    rows : int array, shape (rows, 4)
        Frame, class, azimuth and elevation in degrees, ascending frames.
    dataset : Dataset
        Its classes.

    Returns
    -------
    list of Event
        In the order of their starts. The direction of an event is the mean of its frames' (as vectors), in
        whole degrees; distances are unknown.

    Examples
    --------
    >>> event, = find_events(np.array([(frame, 3, 20, 10) for frame in range(50, 101)]))
    >>> event.class_index, event.start_s, event.end_s, event.azimuth_deg
    (3, 1.01, 1.99, 20)
    """
    events = []
    for class_index in range(dataset.nb_classes):
        of_class = rows[rows[:, 1] == class_index]
        borders = np.flatnonzero(np.diff(of_class[:, 0]) > LEAST_FRAMES) + 1
        for piece in np.split(of_class, borders):
            if len(piece) == 0 or piece[-1, 0] - piece[0, 0] + 1 < LEAST_FRAMES:
                continue
            azimuth_deg, elevation_deg = mean_direction_deg(piece[:, 2], piece[:, 3])
            start_s, end_s = times_of_label_frames(int(piece[0, 0]), int(piece[-1, 0]))
            events.append(Event(class_index, start_s, end_s, wrap_azimuth_deg(round(azimuth_deg)),
                                round(elevation_deg), UNKNOWN_DISTANCE_M))
    return sorted(events, key=lambda event: event.start_s)
