"""Long runs: the memory of a process stays what it was after the first tenth."""

import gc
import os
import threading
import time

import numpy as np
import psutil
import pytest
import soundfile
import workplace

from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import read_description
from seldnet.annotations.output_format import write_output_rows
from seldnet.extraction import stages
from seldnet.training.run import Run

pytestmark = pytest.mark.slow
GROWTH = 1.05


class Memory:
    """Resident memory of this process, sampled beside a run (MB)."""

    def __init__(self, interval_s=0.02):
        self.samples_mb = []
        self._interval_s = interval_s
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        gc.collect()
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._done.set()
        self._thread.join()

    def _watch(self):
        process = psutil.Process(os.getpid())
        while not self._done.wait(self._interval_s):
            self.samples_mb.append(process.memory_info().rss / 1e6)

    def assert_flat(self, start=0, end=None):
        """The most of the last tenth against the most of the first, of all samples or some."""
        samples_mb = self.samples_mb[start:end]
        tenth = len(samples_mb) // 10
        assert tenth >= 3
        first, last = max(samples_mb[:tenth]), max(samples_mb[-tenth:])
        print(f'resident memory: first tenth {first:.0f} MB, last tenth {last:.0f} MB')
        assert last < GROWTH * first


def test_400_descriptions_and_predictions(tmp_path):
    rng = np.random.default_rng(0)
    predictions = tmp_path / 'results'
    predictions.mkdir()
    names = [f'split{1 + number % 4}_ir{number % 5}_ov{1 + number % 2}_{number}' for number in range(400)]
    (tmp_path / 'metadata').mkdir()
    for name in names:
        starts = np.sort(rng.uniform(0, 58, 40))
        rows = [f'{TAU2019.classes[rng.integers(11)]},{start:.3f},{start + 1.5:.3f},'
                f'{10 * rng.integers(-4, 5)},{10 * rng.integers(-18, 18)},1\n' for start in starts]
        (tmp_path / 'metadata' / f'{name}.csv').write_text(workplace.HEADER + ''.join(rows))
        frames = np.sort(rng.choice(3000, 2000, replace=False))
        write_output_rows(predictions / f'{name}.csv', np.column_stack(
            (frames, rng.integers(0, 11, 2000), rng.integers(-180, 180, 2000), rng.integers(-40, 41, 2000))))
    started = time.monotonic()
    peaks = []
    for _ in range(10):
        with Memory() as memory:
            outcome = workplace.run('calculate_SELD_metrics.py results metadata --json scores.json', tmp_path,
                                    dataset=TAU2019)
        assert outcome.status == 0
        peaks.append(max(memory.samples_mb))
    print(f'{(time.monotonic() - started) / 10:.2f} s a run; peaks {peaks[0]:.0f} to {peaks[-1]:.0f} MB')
    assert max(peaks[1:]) < GROWTH * peaks[0]


def test_extraction_of_40_recordings(tmp_path, monkeypatch):
    """Real minutes, one after the other in this process; the two passes hold different things."""
    import sklearn.preprocessing  # noqa: F401 - the scaler's, which is loaded between the passes otherwise

    names = [f'split{1 + number % 4}_ir0_ov1_{number}' for number in range(40)]
    workplace.write_recordings(tmp_path / 'data', names, seconds=60)
    starts = []  # of the recordings of the second pass
    normalize = stages.normalize_recording
    monkeypatch.setattr(stages, 'normalize_recording',
                        lambda *arguments: starts.append(len(memory.samples_mb)) or normalize(*arguments))
    with Memory() as memory:
        outcome = workplace.run('batch_feature_extraction.py 1 --feature_dtype float16 --n_jobs 1', tmp_path,
                                dataset=TAU2019, time_limit_s=600)
    assert outcome.status == 0 and len(starts) == 40
    memory.assert_flat(end=starts[0])
    memory.assert_flat(start=starts[0])


def test_training_of_120_rounds(place, monkeypatch):
    rounds_mb = []
    save_round = Run.save_round

    def save_and_note(run, model, state):
        save_round(run, model, state)
        gc.collect()
        rounds_mb.append(psutil.Process().memory_info().rss / 1e6)
    monkeypatch.setattr(Run, 'save_round', save_and_note)
    command = 'seld.py tiny new --split 1 --dcase_output False --nb_epochs 120 --patience 1000'
    outcome = workplace.run(command, place, time_limit_s=600)
    assert outcome.status == 0 and len(rounds_mb) == 120
    first, last = max(rounds_mb[:12]), max(rounds_mb[-12:])
    print(f'resident memory: rounds 1 to 12 {first:.0f} MB, rounds 109 to 120 {last:.0f} MB')
    assert last < GROWTH * first


def test_an_hour_of_prediction(place):
    path = place / 'hour.wav'
    minute = np.random.default_rng(0).normal(0, 1000, (60 * 48000, 4)).astype(np.int16)
    with soundfile.SoundFile(path, 'w', 48000, 4, 'PCM_16') as file:
        for _ in range(60):
            file.write(minute)
    with Memory(0.1) as memory:
        outcome = workplace.run(
            'misc_files/predict_recording.py models/tiny_job_foa_dev_split1_model.keras hour.wav '
            '--output predicted', place, time_limit_s=900)
    assert outcome.status == 0
    memory.assert_flat()
    assert read_description(place / 'predicted/events/hour.csv') is not None
