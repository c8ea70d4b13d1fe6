"""What tests of the synthetic data set share."""

import numpy as np

SECONDS = 20
RECORDINGS = 2
SPEED_OF_SOUND_M_S = 343
# Written out once more, so that a mistake in the simulation is not repeated here.
CAPSULES_DEG = {0: (45, 35), 1: (-45, -35), 2: (135, -35), 3: (-135, 35)}


def direction(azi_deg, ele_deg):
    azi, ele = np.radians(azi_deg), np.radians(ele_deg)
    return np.array([np.cos(azi) * np.cos(ele), np.sin(azi) * np.cos(ele), np.sin(ele)])


def most_at_once(events):
    changes = sorted([(event.start_s, 1) for event in events] + [(event.end_s, -1) for event in events])
    return max(np.cumsum([change for _, change in changes]))


def contents(folder):
    files = (path for path in folder.rglob('*') if path.is_file() and path.suffix != '.lock')
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
