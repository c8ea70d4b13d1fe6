"""How long scoring takes: a whole data set from files, and a validation fold in training.

    python benchmarks/scoring.py                              descriptions made at random, like the data set's
    python benchmarks/scoring.py --descriptions data/metadata_dev
    python benchmarks/scoring.py --recordings 40 --repeats 1  a quick look

Makes predictions by disturbing the descriptions: events are shifted and partly missed, directions deviate,
false alarms are added. Then it runs `calculate_SELD_metrics.py` on them as a user would, imports included,
and compares that with merely reading the same files by `numpy.loadtxt`. The times are the best of the
repeats.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from evaluation_metrics import compute_doa_scores_regr, compute_sed_scores  # noqa: E402
from seldnet.annotations.dataset import TAU2019  # noqa: E402
from seldnet.annotations.output_format import read_output_rows, rows_on_grid  # noqa: E402
from seldnet.scoring.recordings import read_reference_rows  # noqa: E402

CLASSES, NB_CLASSES, RECORDING_S = TAU2019.classes, TAU2019.nb_classes, TAU2019.recording_s
NB_FRAMES, NB_FRAMES_1S = TAU2019.nb_frames, TAU2019.nb_frames_1s
AZIMUTHS_DEG, ELEVATIONS_DEG = TAU2019.grid.azimuths_deg, TAU2019.grid.elevations_deg


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--descriptions', type=Path, help='folder of descriptions [made at random]')
    parser.add_argument('--recordings', type=int, default=400, help='at most this many [%(default)s]')
    parser.add_argument('--repeats', type=int, default=3, help='[%(default)s]')
    args = parser.parse_args()
    rng = np.random.default_rng(2019)
    with tempfile.TemporaryDirectory() as folder:
        references, predictions = Path(folder, 'references'), Path(folder, 'predictions')
        references.mkdir()
        predictions.mkdir()
        if args.descriptions:
            for path in sorted(args.descriptions.glob('*.csv'))[:args.recordings]:
                (references / path.name).write_bytes(path.read_bytes())
        else:
            make_descriptions(references, rng, args.recordings)
        rows = make_predictions(predictions, references, rng)
        measure_files(references, predictions, rows, args.repeats)
    measure_training(rng, args.repeats)


# ------------------------------------------------------------------------------------------------------------
# Data
# ------------------------------------------------------------------------------------------------------------


def make_descriptions(folder: Path, rng: np.random.Generator, recordings: int) -> None:
    """Names in the grammar of the data set; half of the recordings have one event at a time, half two."""
    for number in range(recordings):
        overlap = 1 + number % 2
        events = []
        for _ in range(overlap):
            start_s = rng.uniform(0.2, 1.8)
            while start_s < RECORDING_S - 2.5:
                end_s = start_s + rng.uniform(0.3, 2.2)
                events.append((start_s, f'{rng.choice(CLASSES)},{start_s:.11f},{end_s:.11f},'
                                        f'{rng.choice(ELEVATIONS_DEG)},{rng.choice(AZIMUTHS_DEG)},1\n'))
                start_s = end_s + rng.uniform(0.2, 1.8)
        name = f'split{1 + number % 4}_ir{number % 5}_ov{overlap}_{number}.csv'
        lines = ''.join(line for _, line in sorted(events))
        (folder / name).write_text('sound_event_recording,start_time,end_time,ele,azi,dist\n' + lines)


def make_predictions(folder: Path, references: Path, rng: np.random.Generator) -> int:
    """Disturbed references as files of the output format; returns their number of rows."""
    total = 0
    for path in sorted(references.glob('*.csv')):
        rows = rows_on_grid(read_reference_rows(path))
        rows[:, 0] += rng.integers(-5, 6)
        rows[:, 2:] += np.rint(rng.normal(0, 8, (len(rows), 2))).astype(int)
        segment_class = rows[:, 0] // NB_FRAMES_1S * NB_CLASSES + rows[:, 1]
        rows = rows[rng.random((NB_FRAMES // NB_FRAMES_1S + 2) * NB_CLASSES)[segment_class] < 0.85]
        false_alarms = rng.integers((0, 0, -180, -40), (NB_FRAMES, NB_CLASSES, 180, 41),
                                    (len(rows) // 20, 4))
        rows = np.concatenate((rows, false_alarms))
        rows = rows[(rows[:, 0] >= 0) & (rows[:, 0] < NB_FRAMES)]
        rows = rows[np.argsort(rows[:, 0], kind='stable')]
        (folder / path.name).write_text(''.join('{},{},{},{}\n'.format(*row) for row in rows.tolist()))
        total += len(rows)
    return total


# ------------------------------------------------------------------------------------------------------------
# Measurements
# ------------------------------------------------------------------------------------------------------------


def best_of(repeats: int, call: Callable[[], object]) -> float:
    """Shortest time of a call, seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def measure_files(references: Path, predictions: Path, rows: int, repeats: int) -> None:
    described, predicted = sorted(references.glob('*.csv')), sorted(predictions.glob('*.csv'))
    cpu_s, peaks_mib = [], []

    def score():
        command = [sys.executable, ROOT / 'calculate_SELD_metrics.py', predictions, references]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit('calculate_SELD_metrics.py failed')
        cpu_s.append(usage.ru_utime + usage.ru_stime)
        peaks_mib.append(usage.ru_maxrss / 1024)

    def loadtxt():
        for path in described:
            np.loadtxt(path, dtype=str, delimiter=',', skiprows=1)
        for path in predicted:
            np.loadtxt(path, dtype=int, delimiter=',')

    def read():
        for path in described:
            read_reference_rows(path)
        for path in predicted:
            read_output_rows(path)

    script_s, loadtxt_s, read_s = (best_of(repeats, call) for call in (score, loadtxt, read))
    print(f'{len(predicted)} recordings, {rows} predicted rows')
    print(f'calculate_SELD_metrics.py, imports included: {script_s:.2f} s  '
          f'({min(cpu_s):.2f} s of processor time, at most {max(peaks_mib):.0f} MiB)')
    print(f'the same files read by numpy.loadtxt:        {loadtxt_s:.2f} s  '
          f'(scoring takes {script_s / loadtxt_s:.2f} times as long)')
    print(f'the same files read by the project:          {read_s:.2f} s  '
          f'({loadtxt_s / read_s:.1f} times as fast)')


def measure_training(rng: np.random.Generator, repeats: int) -> None:
    """A validation fold of 100 minutes: outputs of the network against targets."""
    nb_frames = 100 * RECORDING_S * NB_FRAMES_1S
    truth = np.repeat(rng.random((nb_frames // 50, NB_CLASSES)) < 0.12, 50, axis=0)
    output = np.where(rng.random(truth.shape) < 0.98, truth, ~truth)
    truth_rad = rng.uniform(-np.pi, np.pi, (nb_frames, 2 * NB_CLASSES))
    output_rad = truth_rad + rng.normal(0, 0.2, truth_rad.shape)

    def score():
        compute_sed_scores(output, truth, NB_FRAMES_1S)
        compute_doa_scores_regr(output_rad, truth_rad, output, truth)

    seconds = best_of(repeats, score)
    print(f'validation fold of {nb_frames} frames, {output.sum()} predictions: {seconds:.2f} s')


if __name__ == '__main__':
    main()
