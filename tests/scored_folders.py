"""Small folders of descriptions and predictions to be scored, and their rows by a plain loop."""

import math

import numpy as np

from seldnet.annotations.dataset import TAU2019
from seldnet.scoring.recordings import read_reference_rows

HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'
NAMES = ('split1_ir0_ov1_1', 'split1_ir1_ov2_2', 'split2_ir0_ov1_3', 'split2_ir1_ov2_4', 'split0_5')


MANY_NAMES = tuple(f'split{number % 4 + 1}_ir{number % 3}_ov1_{number}' for number in range(12))


def make_folders(folder, names=NAMES):
    """Folders of predictions and references of `names`."""
    predictions, references = folder / 'results' / '1_foa_dev', folder / 'data' / 'metadata_dev'
    predictions.mkdir(parents=True)
    references.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in names:
        write_description(references / f'{name}.csv', rng)
        write_prediction(predictions / f'{name}.csv', rng, references / f'{name}.csv')
    return predictions, references


def write_description(path, rng, nb_events=12):
    lines = []
    for _ in range(nb_events):
        start = rng.uniform(0, 59)
        azimuth, elevation = 10 * rng.integers((-18, -4), (18, 5))
        lines.append(f'{rng.choice(TAU2019.classes)},{start},{start + rng.uniform(0.1, 3)},{elevation},'
                     f'{azimuth},1\n')
    path.write_text(HEADER + ''.join(lines))


def write_prediction(path, rng, description):
    """The description's rows with misses, deviations and false alarms."""
    rows = read_reference_rows(description).astype(int)
    rows = rows[rng.random(len(rows)) < 0.9]
    rows[:, 2:] += rng.integers(-12, 13, (len(rows), 2))
    false_alarms = rng.integers((0, 0, -180, -40), (3000, 11, 180, 41), (30, 4))
    rows = np.concatenate((rows, false_alarms))
    path.write_text(''.join('{},{},{},{}\n'.format(*row) for row in rows[rows[:, 0].argsort()].tolist()))


def expected_rows(path):
    """Rows of a description by a plain loop over the label rule."""
    rows = []
    for line in path.read_text().splitlines()[1:]:
        name, start, end, elevation, azimuth, _ = line.split(',')
        last = min(math.ceil(float(end) * 50), 2999)
        rows += [[frame, TAU2019.classes.index(name), int(azimuth), int(elevation)]
                 for frame in range(math.floor(float(start) * 50), last + 1)]
    return rows


def predicted_rows(path):
    rows = [list(map(int, line.split(','))) for line in path.read_text().split()]
    return [row for row in rows if row[0] < 3000]
