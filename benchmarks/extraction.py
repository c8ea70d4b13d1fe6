"""How fast the extraction is, beside the least that such work takes; its memory, and what it writes.

    python benchmarks/extraction.py                     40 recordings of a minute, 1 and 2 workers
    python benchmarks/extraction.py --rounds 5          the same, measured more often
    python benchmarks/extraction.py --folder /scratch   on another disk than that of temporary files

Recordings are noise. The floor is one process that, for each recording, reads the WAV file, computes the
Fourier transforms of all frames once (in double precision, as the features need to be those of 2019),
magnitudes and phases (in single precision, faster than the extraction's), and writes 98 MB. The extraction
(checks, moments, scaler, normalised features) is timed as a whole, the start of its workers included. Seconds
are divided by the number of recordings. Floor and extractions take turns and the best round of each counts,
since other work on the machine disturbs them; it disturbs processor seconds less. Memory is the largest
resident set of any process.
"""

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import soundfile
from joblib.externals.loky import get_reusable_executor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cls_feature_class import FeatureClass, extract
from parameter import (
    HOP_LENGTH,
    NB_BINS,
    NB_CHANNELS,
    NB_FRAMES,
    NFFT,
    RECORDING_S,
    SAMPLE_RATE_HZ,
    WIN_LENGTH,
)

NB_WORKERS = (1, 2)


class Cost(NamedTuple):
    """What a task took: seconds on the clock, processor seconds of all processes, the largest one's MB."""

    seconds: float
    processor_s: float
    peak_mb: float


def main(argv: Sequence[str]) -> None:
    args = parse_arguments(argv)
    costs = {name: [] for name in ('floor', *NB_WORKERS)}
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        dataset, outputs = Path(folder, 'data'), Path(folder, 'features')
        make_recordings(dataset, args.recordings)
        recordings = sorted((dataset / 'foa_dev').iterdir())
        for _ in range(args.rounds):
            for name in costs:
                shutil.rmtree(outputs, ignore_errors=True)
                if name == 'floor':
                    costs[name].append(measure(lambda: floor(recordings, outputs)))
                else:
                    costs[name].append(measure(lambda n_jobs=name: extraction(dataset, outputs, n_jobs)))
        written_mb = sum(path.stat().st_size for path in outputs.rglob('*') if path.is_file()) / 1e6
    print_table(costs, written_mb / args.recordings, args)


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--recordings', type=int, default=40, help='one-minute recordings [%(default)s]')
    parser.add_argument('--rounds', type=int, default=2, help='how often all is measured [%(default)s]')
    parser.add_argument('--folder', help='where the temporary files go')
    return parser.parse_args(argv)


def make_recordings(dataset: Path, number: int) -> None:
    """Noise recordings, and the empty descriptions that the check wants to see."""
    rng = np.random.default_rng(2019)
    for folder in ('foa_dev', 'metadata_dev'):
        (dataset / folder).mkdir(parents=True)
    for index in range(number):
        noise = 0.1 * rng.standard_normal((RECORDING_S * SAMPLE_RATE_HZ, NB_CHANNELS), dtype=np.float32)
        name = f'split{index % 4 + 1}_ir0_ov1_{index}'
        soundfile.write(dataset / 'foa_dev' / f'{name}.wav', noise, SAMPLE_RATE_HZ, subtype='PCM_16')
        (dataset / 'metadata_dev' / f'{name}.csv').touch()


def floor(recordings: Sequence[Path], folder: Path) -> None:
    """The least that features of this size take."""
    folder.mkdir(exist_ok=True)
    margin = (NFFT - WIN_LENGTH) // 2
    window = np.pad(np.hanning(WIN_LENGTH + 1)[:-1], margin)[:, np.newaxis]
    for recording in recordings:
        audio, _ = soundfile.read(recording, dtype='float32')
        audio = np.pad(audio, ((NFFT // 2, NFFT // 2), (0, 0)), mode='reflect')
        frames = np.lib.stride_tricks.sliding_window_view(audio, NFFT, axis=0)[::HOP_LENGTH]
        frames = frames.transpose(0, 2, 1)  # channels last
        features = np.empty((NB_FRAMES, 2, NB_BINS, NB_CHANNELS), np.float32)
        for start in range(0, NB_FRAMES, 25):
            block = slice(start, start + 25)
            spectrum = np.fft.rfft(frames[block] * window, axis=1)[:, 1:].astype(np.complex64)
            np.abs(spectrum, out=features[block, 0])
            np.arctan2(np.ascontiguousarray(spectrum.imag), np.ascontiguousarray(spectrum.real),
                       out=features[block, 1])
        np.save(folder / f'{recording.stem}.npy', features)


def extraction(dataset: Path, folder: Path, n_jobs: int) -> None:
    extract([FeatureClass(dataset, folder, 'foa', n_jobs=n_jobs)])
    get_reusable_executor().shutdown(wait=True)  # so that each run starts its own workers


def measure(task: Callable[[], None]) -> Cost:
    peak_mb = [0.0]
    done = threading.Event()
    watcher = threading.Thread(target=watch_memory, args=(peak_mb, done))
    watcher.start()
    start, start_processor = time.perf_counter(), sum(os.times()[:4])
    task()
    cost = Cost(time.perf_counter() - start, sum(os.times()[:4]) - start_processor, 0)
    done.set()
    watcher.join()
    return cost._replace(peak_mb=peak_mb[0])


def watch_memory(peak: list[float], done: threading.Event) -> None:
    this = psutil.Process()
    while not done.wait(0.02):
        for process in (this, *this.children(recursive=True)):
            with contextlib.suppress(psutil.Error):  # it has just ended
                peak[0] = max(peak[0], process.memory_info().rss / 1e6)


def print_table(costs: dict[str | int, list[Cost]], written_mb: float, args: argparse.Namespace) -> None:
    print(f'{args.recordings} recordings of {RECORDING_S} s, best of {args.rounds} rounds, {os.cpu_count()} '
          f'cores (load {os.getloadavg()[0]:.1f}); the extraction writes {written_mb:.2f} MB a recording\n')
    print(f'{"":22}{"s/recording":>13}{"x floor":>9}{"processor s/rec.":>18}{"x floor":>9}{"peak MB":>9}')
    best = {name: Cost(*(min(values) for values in zip(*of_name))) for name, of_name in costs.items()}
    for name, cost in best.items():
        title = 'floor' if name == 'floor' else f'extraction, {name} worker{"s" * (name > 1)}'
        print(f'{title:22}{cost.seconds / args.recordings:13.3f}{cost.seconds / best["floor"].seconds:9.2f}'
              f'{cost.processor_s / args.recordings:18.3f}{cost.processor_s / best["floor"].processor_s:9.2f}'
              f'{max(one.peak_mb for one in costs[name]):9.0f}')


if __name__ == '__main__':
    main(sys.argv[1:])
