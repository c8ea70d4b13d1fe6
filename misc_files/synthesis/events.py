"""Who sounds when and where: measured on the real development set's 400 descriptions (15,798 events)."""

import numpy as np

from misc_files.synthesis import office
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.descriptions import Event

MIN_SECONDS = 6  # of a recording: has place for the longest first event of ov1

# A recording is one layer of events (ov1) or two independent ones (ov2; the description lists one after the
# other). In a layer the first event starts within a second, and the silences between events are uniform.
FIRST_START_S = (0.0, 1.0)
GAP_S = (0.5, 1.5)
OV1_MARGIN_S = 1.0  # ov1: events end before 59 s. ov2: events start before 60 s, and the last are cut off

# All classes are equally frequent. Shortest, median and longest event of each:
DURATIONS_S = {
    'knock': (0.50, 0.74, 1.09), 'drawer': (0.61, 0.96, 1.63), 'clearthroat': (0.37, 0.74, 1.62),
    'phone': (0.80, 2.04, 3.24), 'keysDrop': (0.21, 0.28, 0.49), 'speech': (1.31, 1.77, 3.34),
    'keyboard': (1.10, 1.77, 3.05), 'pageturn': (0.67, 1.03, 2.12), 'cough': (0.69, 0.97, 2.19),
    'doorslam': (0.31, 0.46, 0.66), 'laughter': (0.53, 1.65, 2.74),
}

_OF_ALL_EXAMPLES = DURATIONS_S | office.DURATIONS_S

# Half of the events are at 1 m, half at 2 m; all directions of a distance are equally frequent.
MAX_ELEVATION_DEG = {1: 90, 2: 20}  # above or below the horizon, by distance (m)


def draw_events(rng: np.random.Generator, overlap: int, seconds: float, *,
                dataset: Dataset = TAU2019) -> list[Event]:
    """Draw the events of a recording.

    Parameters
    ----------
    rng : np.random.Generator
    overlap : int
        The most events at once, 1 or 2: so many layers.
    seconds : float
        Length of the recording, at least `MIN_SECONDS`.
    dataset : Dataset
        Its classes (each of which must have its durations here or in office.py) and directions.

    Returns
    -------
    list of Event
        Layer after layer, ascending in time within a layer.
    """
    events = []
    for _ in range(overlap):
        start_s = rng.uniform(*FIRST_START_S)
        while True:
            class_index = int(rng.integers(dataset.nb_classes))
            end_s = start_s + draw_duration_s(rng, dataset.classes[class_index])
            latest_end_s = seconds - OV1_MARGIN_S if overlap == 1 else seconds + dataset.grace_s
            if start_s >= seconds or end_s > latest_end_s:
                break
            distance_m = int(rng.integers(1, 3))
            azimuth_deg, elevation_deg = _draw_direction(rng, MAX_ELEVATION_DEG[distance_m], dataset)
            events.append(Event(class_index, start_s, end_s, azimuth_deg, elevation_deg, distance_m))
            start_s = end_s + rng.uniform(*GAP_S)
    return events


def _draw_direction(rng: np.random.Generator, max_elevation_deg: int, dataset: Dataset) -> tuple[int, int]:
    """Azimuth and elevation: on the grid, or any whole degrees where the data set has none."""
    if dataset.grid is None:
        highest = min(max_elevation_deg, office.MAX_ELEVATION_DEG)
        return int(rng.integers(-180, 180)), int(rng.integers(-highest, highest + 1))
    elevation_deg = int(rng.choice([elevation_deg for elevation_deg in dataset.grid.elevations_deg
                                    if abs(elevation_deg) <= max_elevation_deg]))
    return int(rng.choice(dataset.grid.azimuths_deg)), elevation_deg


def draw_duration_s(rng: np.random.Generator, name: str) -> float:
    """Draw how long an event of class `name` lasts, in seconds: half of them less than the class's median."""
    shortest, median, longest = _OF_ALL_EXAMPLES[name]
    low, high = (shortest, median) if rng.random() < 0.5 else (median, longest)
    return low * (high / low) ** rng.random()
