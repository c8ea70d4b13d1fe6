"""How fast the extraction is, beside the least that such work takes; its memory, and what it writes.

    python benchmarks/extraction.py                     40 recordings of a minute, 1 and 2 workers
    python benchmarks/extraction.py --rounds 5          the same, measured more often
    python benchmarks/extraction.py --folder /scratch   on another disk than that of temporary files

Recordings are noise. The floor is one process that, for each recording, reads the WAV file, computes the
Fourier transforms of all frames once (in double precision, as the features need to be those of 2019),
magnitudes and phases (in single precision, faster than the extraction's), and writes 98 MB. The extraction
(checks, moments, scaler, normalised features) is timed as a whole, the start of its workers included. Seconds
are divided by the number of recordings. Beside them stands what the spectra alone take: reading as the
extraction does, and one transform; and an extraction that keeps the features of the first pass on disk for
the second (in memory with `--folder /dev/shm`). All take turns and the best round of each counts, since other
work on the machine disturbs them; it disturbs processor seconds less. Memory is the largest resident set of
any process in a first round, of which no time is taken: looking at processes disturbs too.
"""

import argparse
import contextlib
import dataclasses
import functools
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import soundfile
from joblib.externals.loky import get_reusable_executor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cls_feature_class import FeatureClass
from seldnet.annotations.dataset import NB_CHANNELS, TAU2019
from seldnet.extraction.audio import RecordingAudio
from seldnet.extraction.features import SPECTRA, FeatureKind
from seldnet.extraction.mel import MEL
from seldnet.extraction.spectra import nb_bins, stft_blocks, transform_length, window_length
from seldnet.extraction.stages import extract

# What the first pass has computed is written and read once more, not computed again.
KEPT = dataclasses.replace(SPECTRA, keeps_unscaled=True)
EXTRACTIONS = {  # kind of features, format, workers
    'extraction, 1 worker': (SPECTRA, 'foa', 1),
    'extraction, 2 workers': (SPECTRA, 'foa', 2),
    'kept, 2 workers': (KEPT, 'foa', 2),
    'mel foa, 1 worker': (MEL, 'foa', 1),
    'mel mic, 1 worker': (MEL, 'mic', 1),
}


class Cost(NamedTuple):
    """What a task took: seconds on the clock, and processor seconds of all processes."""

    seconds: float
    processor_s: float


def main(argv: Sequence[str]) -> None:
    args = parse_arguments(argv)
    peak_mb, written_mb = {}, {}
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        dataset, outputs = Path(folder, 'data'), Path(folder, 'features')
        make_recordings(dataset, args.recordings)
        recordings = sorted((dataset / 'foa_dev').iterdir())
        tasks = {'floor': lambda: floor(recordings, outputs),
                 'spectra alone': lambda: spectra_alone(recordings)}
        tasks |= {name: functools.partial(extraction, dataset, outputs, *chosen)
                  for name, chosen in EXTRACTIONS.items()}
        for name, task in tasks.items():
            shutil.rmtree(outputs, ignore_errors=True)
            peak_mb[name] = measure_memory(task)
            written = sum(path.stat().st_size for path in outputs.rglob('*') if path.is_file())
            written_mb[name] = written / 1e6 / args.recordings
        costs: dict[str, list[Cost]] = {name: [] for name in tasks}
        for _ in range(args.rounds):
            for name, task in tasks.items():
                shutil.rmtree(outputs, ignore_errors=True)
                costs[name].append(measure_time(task))
    print_table(costs, peak_mb, written_mb, args)


def parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--recordings', type=int, default=40, help='one-minute recordings [%(default)s]')
    parser.add_argument('--rounds', type=int, default=2, help='how often all is measured [%(default)s]')
    parser.add_argument('--folder', help='where the temporary files go')
    return parser.parse_args(argv)


def make_recordings(dataset: Path, number: int) -> None:
    """Noise recordings, and the empty descriptions that the check expects."""
    rng = np.random.default_rng(2019)
    for folder in ('foa_dev', 'mic_dev', 'metadata_dev'):
        (dataset / folder).mkdir(parents=True)
    for index in range(number):
        noise = 0.1 * rng.standard_normal((TAU2019.nb_samples, NB_CHANNELS), dtype=np.float32)
        name = f'split{index % 4 + 1}_ir0_ov1_{index}'
        # Microphones hear much the same, or the check would remark on it.
        for folder, samples in (('foa_dev', noise), ('mic_dev', 0.1 * noise + 0.9 * noise[:, :1])):
            soundfile.write(dataset / folder / f'{name}.wav', samples, TAU2019.sample_rate_hz,
                            subtype='PCM_16')
        (dataset / 'metadata_dev' / f'{name}.csv').touch()


def floor(recordings: Sequence[Path], folder: Path) -> None:
    """The least that features of this size take."""
    folder.mkdir(exist_ok=True)
    nb_frames, nfft, length = TAU2019.nb_frames, transform_length(), window_length()
    window = np.pad(np.hanning(length + 1)[:-1], (nfft - length) // 2)[:, np.newaxis]
    for recording in recordings:
        audio, _ = soundfile.read(recording, dtype='float32')
        audio = np.pad(audio, ((nfft // 2, nfft // 2), (0, 0)), mode='reflect')
        frames = np.lib.stride_tricks.sliding_window_view(audio, nfft, axis=0)[::TAU2019.hop_length]
        frames = frames.transpose(0, 2, 1)  # channels last
        features = np.empty((nb_frames, 2, nb_bins(), NB_CHANNELS), np.float32)
        for start in range(0, nb_frames, 25):
            block = slice(start, start + 25)
            spectrum = np.fft.rfft(frames[block] * window, axis=1)[:, 1:].astype(np.complex64)
            np.abs(spectrum, out=features[block, 0])
            np.arctan2(np.ascontiguousarray(spectrum.imag), np.ascontiguousarray(spectrum.real),
                       out=features[block, 1])
        np.save(folder / f'{recording.stem}.npy', features)


def spectra_alone(recordings: Sequence[Path]) -> None:
    """Read the recordings as the extraction does, once, and transform them."""
    for recording in recordings:
        for _ in stft_blocks(RecordingAudio(recording)):
            pass


def extraction(dataset: Path, folder: Path, kind: FeatureKind, audio_format: str, n_jobs: int) -> None:
    extract([FeatureClass(dataset, folder, audio_format, feature_kind=kind, n_jobs=n_jobs).recording_set])
    get_reusable_executor().shutdown(wait=True)  # so that each run starts its own workers


def measure_time(task: Callable[[], None]) -> Cost:
    start, start_processor = time.perf_counter(), sum(os.times()[:4])
    task()
    return Cost(time.perf_counter() - start, sum(os.times()[:4]) - start_processor)


def measure_memory(task: Callable[[], None]) -> float:
    """MB of the largest process meanwhile."""
    peak_mb = [0.0]
    done = threading.Event()
    watcher = threading.Thread(target=watch_memory, args=(peak_mb, done))
    watcher.start()
    task()
    done.set()
    watcher.join()
    return peak_mb[0]


def watch_memory(peak: list[float], done: threading.Event) -> None:
    this = psutil.Process()
    while not done.wait(0.02):
        for process in (this, *this.children(recursive=True)):
            with contextlib.suppress(psutil.Error):  # it has just ended
                peak[0] = max(peak[0], process.memory_info().rss / 1e6)


def print_table(costs: Mapping[str, Sequence[Cost]], peak_mb: Mapping[str, float],
                written_mb: Mapping[str, float], args: argparse.Namespace) -> None:
    print(f'{args.recordings} recordings of {TAU2019.recording_s} s, best of {args.rounds} rounds, '
          f'{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})\n')
    print(f'{"":22}{"s/recording":>13}{"x floor":>9}{"x spectra":>11}{"processor s/rec.":>18}{"x floor":>9}'
          f'{"peak MB":>9}{"MB left/rec.":>17}')
    best = {name: Cost(*(min(values) for values in zip(*of_name))) for name, of_name in costs.items()}
    for name, cost in best.items():
        print(f'{name:22}{cost.seconds / args.recordings:13.3f}'
              f'{cost.seconds / best["floor"].seconds:9.2f}'
              f'{cost.seconds / best["spectra alone"].seconds:11.2f}'
              f'{cost.processor_s / args.recordings:18.3f}'
              f'{cost.processor_s / best["floor"].processor_s:9.2f}'
              f'{peak_mb[name]:9.0f}{written_mb[name]:17.2f}')


if __name__ == '__main__':
    main(sys.argv[1:])
