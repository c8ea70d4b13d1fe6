"""Run a trained model on recordings of one's own, of any length and at any sampling rate.

    python misc_files/predict_recording.py models/4_first_foa_dev_split1_model.keras street.wav --plot
    python misc_files/predict_recording.py MODEL recordings/ --output predictions/      # all of a folder
    python misc_files/predict_recording.py MODEL split1_ir0_ov1_1.wav --overlap 0       # exactly as seld.py

A recording has the four channels of the model's format: W, Y, Z, X (ACN order, N3D gains) for foa, M1 to M4
of the tetrahedral array for mic. Other rates are brought to 48 kHz by soxr. Settings and scaler are read from
the files that training left beside the model. For each recording NAME these are written:

NAME.csv         frame (20 ms), class index, azimuth, elevation for each active class of a frame, no header
events/NAME.csv  events in the form of the data set's descriptions, times in seconds; gaps below 0.1 s are
                 closed, and what is then shorter than that is left out; distance 0 stands for unknown
NAME.png         with --plot, the picture of visualize_SELD_output.py

The network hears sequences of some seconds. They overlap, and each frame is taken from the sequence in whose
middle it is. With --overlap 0 they stand end to end, as in seld.py, and recordings of up to 65 s are cut or
zero-padded to the 60 s of the data set: the output is that of seld.py, byte for byte.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile
import soxr
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from cls_feature_class import (
    NB_COLUMNS,
    NB_SAMPLES,
    SUFFIXES,
    Event,
    check_recording,
    load_scaler,
    normalize,
    recording_chunks,
    spectrum_to_features,
    stft_blocks,
    write_description,
)
from evaluation_metrics import (
    cart2sph,
    read_output_rows,
    regression_label_format_to_output_format,
    sph2cart,
    write_output_rows,
)
from misc_files import plotting
from misc_files.visualize_SELD_output import load_spectrogram, plot_recording
from parameter import (
    HOP_LENGTH_S,
    NB_CHANNELS,
    NB_CLASSES,
    NB_FRAMES,
    OUTPUT_SETTINGS,
    RECORDING_S,
    SAMPLE_RATE_HZ,
    SETTINGS,
    InputError,
    exit_with_one_line,
    get_params,
    read_json,
    recording_order,
    script_parser,
)

# ------------------------------------------------------------------------------------------------------------
# Recordings
# ------------------------------------------------------------------------------------------------------------

CHUNK_S = 10  # read and resampled at a time
LEAST_RATE_HZ = 40000  # with a lower one a part of what can be heard is missing
OUTLAST_S = 5  # with --overlap 0 recordings are cut to a minute unless they are longer by more than this


def recording_at_48_khz(path: Path) -> Iterator[np.ndarray]:
    """The samples of a recording of any rate, piece by piece: float32, (samples, 4), full scale is 1."""
    rate_hz = soundfile.info(path).samplerate
    chunks = recording_chunks(path, CHUNK_S * rate_hz, any_rate=True)
    if rate_hz == SAMPLE_RATE_HZ:
        yield from chunks
        return
    resampler = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, NB_CHANNELS, dtype='float32', quality='HQ')
    for chunk in chunks:
        yield resampler.resample_chunk(np.ascontiguousarray(chunk))
    yield resampler.resample_chunk(np.empty((0, NB_CHANNELS), np.float32), last=True)


def as_a_minute(chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The samples cut or zero-padded to 60 s, as the data set's are."""
    missing = NB_SAMPLES
    for chunk in chunks:
        yield chunk[:missing]
        missing -= len(chunk[:missing])
    if missing:
        yield np.zeros((missing, NB_CHANNELS), np.float32)


class Levels:
    """What is odd about the levels of a recording, gathered while it goes by.

    Parameters
    ----------
    usual_magnitude : float
        Mean magnitude of the spectra of the recordings that the model was trained on.
    """

    FULL_SCALE = 0.9999  # 32767 of 16 bits is 0.99997
    CLIPPED_PAIRS = 20  # of neighbouring samples at full scale: fewer may be chance
    LARGEST = 2.0  # floating-point samples may go a little beyond full scale
    TOLERANCE_DB = 20  # features change with the level, and training has heard little more than that

    def __init__(self, usual_magnitude: float):
        self._usual_magnitude = usual_magnitude
        self._is_silent = np.ones(NB_CHANNELS, bool)
        self._nb_clipped = np.zeros(NB_CHANNELS, int)
        self._largest = 0.0
        self._magnitudes: list[float] = []  # of each block of frames, a second or so

    def hear(self, chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass samples on and note them."""
        for chunk in chunks:
            self._is_silent &= ~chunk.any(axis=0)
            size = np.abs(chunk)
            self._largest = max(self._largest, float(size.max(initial=0)))
            is_full = size >= self.FULL_SCALE
            self._nb_clipped += (is_full[1:] & is_full[:-1]).sum(axis=0)
            yield chunk

    def see(self, features: np.ndarray) -> None:
        """Note a block of features (frames, 8192), not normalised."""
        self._magnitudes.append(float(features[:, :NB_COLUMNS // 2].mean()))

    def warnings(self) -> list[str]:
        """What a user should know."""
        if self._is_silent.all():
            return ['all channels are silent']
        warnings = []
        if self._is_silent.any():
            warnings.append(f'silent: channel {_numbers(self._is_silent)}')
        clipped = self._nb_clipped >= self.CLIPPED_PAIRS
        if self._largest > self.LARGEST:
            warnings.append(f'samples of up to {self._largest:.3g}, expected at most 1, which is full scale')
        elif clipped.any():
            warnings.append(f'clipped: channel {_numbers(clipped)}, where {self._nb_clipped.sum()} times '
                            'neighbouring samples are at full scale')
        loudest_db, mean_db = (20 * math.log10(value / self._usual_magnitude)
                               for value in (max(self._magnitudes), np.mean(self._magnitudes)))
        training = 'what the model was trained on; bring the recording to that level'
        if loudest_db < -self.TOLERANCE_DB:
            warnings.append(f'weak: the loudest second is {-loudest_db:.0f} dB below the mean of {training}')
        if mean_db > self.TOLERANCE_DB:
            warnings.append(f'loud: the mean is {mean_db:.0f} dB above that of {training}')
        return warnings


def _numbers(channels: np.ndarray) -> str:
    return ', '.join(map(str, np.flatnonzero(channels) + 1))


# ------------------------------------------------------------------------------------------------------------
# The model
# ------------------------------------------------------------------------------------------------------------

MODEL_ENDING = '_model.keras'


class Run(NamedTuple):
    """A trained model and what training left beside it."""

    name: str
    feature_dtype: str
    sequence_length: int
    mean: np.ndarray
    scale: np.ndarray


def read_run(model_path: Path) -> Run:
    """Settings and scaler of a model.

    Raises
    ------
    InputError
        If the model, its settings or its scaler are missing, or not what `seld.py` writes.
    """
    name = model_path.name.removesuffix(MODEL_ENDING)
    if not model_path.is_file() or name == model_path.name:
        raise InputError(f'{model_path}: no such model, expected a file ...{MODEL_ENDING} that seld.py wrote')
    settings_path, scaler_path = (model_path.with_name(f'{name}{ending}') for ending in ('.json', '_wts.npz'))
    for path in (settings_path, scaler_path):
        if not path.is_file():
            raise InputError(f'{path}: missing, expected beside {model_path.name}: seld.py writes them '
                             'together, keep them together')
    settings = read_json(settings_path)
    try:
        params = [settings['params'][key] for key in ('feature_dtype', 'sequence_length')]
        get_params(feature_dtype=params[0], sequence_length=params[1])  # checks them
    except (KeyError, TypeError, InputError):
        raise InputError(f'{settings_path}: expected the settings that seld.py writes, with '
                         'params / feature_dtype and sequence_length') from None
    return Run(name, *params, *load_scaler(scaler_path))


Network = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def load_network(model_path: Path, run: Run) -> Network:
    """A function from features (batch, frames, 8192) to the network's outputs, activities and directions."""
    # Keras takes seconds to load; --help and mistakes in the arguments shall not wait for it.
    from seld import load_model  # isort: skip (first: it keeps TensorFlow's notes from the screen)
    from cls_data_generator import NB_PLANES

    model = load_model(model_path)
    expected = (None, run.sequence_length, NB_COLUMNS // NB_PLANES, NB_PLANES)
    if model.input_shape != expected:
        raise InputError(f'{model_path}: its input has the shape {model.input_shape}, expected {expected} by '
                         'the settings beside it')
    return lambda features: model.predict_on_batch(features.reshape(-1, *expected[1:]))


# ------------------------------------------------------------------------------------------------------------
# From samples to rows of the output format. All in pieces: memory does not depend on the length
# ------------------------------------------------------------------------------------------------------------


def feature_blocks(chunks: Iterable[np.ndarray], run: Run, levels: Levels) -> Iterator[np.ndarray]:
    """Normalised features of at most 50 frames at a time, rounded as if they had been stored."""
    for spectrum in stft_blocks(chunks):
        features = spectrum_to_features(spectrum)
        levels.see(features)
        with np.errstate(over='ignore'):  # is told below
            rows = normalize(features, run.mean, run.scale).astype(run.feature_dtype)
        if not np.isfinite(rows).all():
            raise ValueError(f'features beyond the range of {run.feature_dtype}, expected levels like those '
                             'of the recordings that the model was trained on')
        yield rows


def cut_into_sequences(blocks: Iterable[np.ndarray], length: int, overlap: int) -> Iterator[np.ndarray]:
    """Sequences of `length` frames (the last may be shorter) that share `overlap` frames with the next."""
    waiting: list[np.ndarray] = []
    is_first = True
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) < length:
            continue
        frames = np.concatenate(waiting)
        while len(frames) >= length:
            yield frames[:length]
            is_first = False
            frames = frames[length - overlap:]
        waiting = [frames]
    rest = np.concatenate(waiting) if waiting else ()
    if len(rest) > (0 if is_first else overlap):  # there is more than the end of the sequence before
        yield rest


def join_sequences(outputs: Iterable[np.ndarray], length: int, overlap: int) -> Iterator[np.ndarray]:
    """The outputs of `cut_into_sequences` strung together.

    Each frame of an overlap is taken from the sequence whose edge is further away.
    """
    before = overlap // 2
    end = length - (overlap - before)
    last = None
    for output in outputs:
        yield output[before if last is not None else 0:end]
        last = output
    if last is not None:
        yield last[end:]


def predict_rows(blocks: Iterable[np.ndarray], network: Network, length: int, overlap: int) -> np.ndarray:
    """Rows of the output format (frame, class, azimuth, elevation), int32, from blocks of features."""
    from cls_data_generator import directions_rad  # imports Keras: see `load_network`
    from seld import ACTIVITY_THRESHOLD

    nb_frames = 0
    parts = [np.zeros((0, 4), np.int32)]
    sequences = cut_into_sequences(blocks, length, overlap)
    for output in join_sequences(_outputs(sequences, network, length), length, overlap):
        activities, directions = output[:, :NB_CLASSES], output[:, NB_CLASSES:]
        found = regression_label_format_to_output_format(
            None, activities > ACTIVITY_THRESHOLD, np.degrees(directions_rad(directions)))
        rows = [(nb_frames + frame, *event) for frame, events in found.items() for event in events]
        parts.append(np.array(rows, np.int32).reshape(-1, 4))
        nb_frames += len(output)
    return np.concatenate(parts)


def _outputs(sequences: Iterable[np.ndarray], network: Network, length: int) -> Iterator[np.ndarray]:
    """Activities, then directions (frames, 33) of each sequence.

    The network always gets as many sequences as a recording of the data set has, filled up as in training's
    tests: so its results are the same to the bit, and it is compiled for one shape.
    """
    from cls_data_generator import FILL_FEATURE  # imports Keras: see `load_network`

    batch_size = -(-NB_FRAMES // length)
    sequences = iter(sequences)
    while group := [frames for _, frames in zip(range(batch_size), sequences)]:
        batch = np.full((batch_size, length, NB_COLUMNS), FILL_FEATURE, np.float32)
        for place, frames in enumerate(group):
            batch[place, :len(frames)] = frames
        for frames, *output in zip(group, *network(batch)):
            yield np.concatenate(output, axis=1)[:len(frames)]


# ------------------------------------------------------------------------------------------------------------
# From rows to events
# ------------------------------------------------------------------------------------------------------------

LEAST_FRAMES = 5  # 0.1 s: shorter gaps are closed, and what is then shorter is no event
UNKNOWN_DISTANCE_M = 0


def find_events(rows: np.ndarray) -> list[Event]:
    """Events, in the order of their starts, that rows (frame, class, azimuth, elevation) amount to.

    The direction of an event is the mean of its frames' (as vectors), in whole degrees. Labels are active
    from frame floor(start * 50) to ceil(end * 50), and a network learns that. The middles of the times that
    give a frame as first and as last are the best guess, and become the same frames again.
    """
    events = []
    for class_index in range(NB_CLASSES):
        of_class = rows[rows[:, 1] == class_index]
        borders = np.flatnonzero(np.diff(of_class[:, 0]) > LEAST_FRAMES) + 1
        for piece in np.split(of_class, borders):
            if len(piece) == 0 or piece[-1, 0] - piece[0, 0] + 1 < LEAST_FRAMES:
                continue
            vectors = sph2cart(*np.radians(piece[:, 2:].T), 1)
            azimuth, elevation, _ = np.degrees(cart2sph(*(axis.mean() for axis in vectors)))
            start_s, end_s = (piece[0, 0] + 0.5) * HOP_LENGTH_S, (piece[-1, 0] - 0.5) * HOP_LENGTH_S
            events.append(Event(class_index, start_s, end_s, (round(azimuth) + 180) % 360 - 180,
                                round(elevation), UNKNOWN_DISTANCE_M))
    return sorted(events, key=lambda event: event.start_s)


# ------------------------------------------------------------------------------------------------------------
# Command line
# ------------------------------------------------------------------------------------------------------------


def find_recordings(paths: Sequence[Path]) -> list[Path]:
    """The files among `paths`, and the recordings of the folders among them.

    Raises
    ------
    InputError
        If there are none, one cannot be read as far as its header tells, or two have the same name.
    """
    recordings: list[Path] = []
    for path in paths:
        in_folder = sorted((file for file in path.glob('[!.]*') if file.suffix.lower() in SUFFIXES),
                           key=recording_order) if path.is_dir() else [path]
        if not in_folder:
            raise InputError(f'{path}: no recordings ({", ".join(SUFFIXES)}) in this folder')
        recordings += in_folder
    names: dict[str, Path] = {}
    for path in recordings:
        if not path.is_file():
            raise InputError(f'{path}: no such recording')
        check_recording(path, any_rate=True)
        if path.stem in names:
            raise InputError(f'{path}: has the name of {names[path.stem]}, expected different names')
        names[path.stem] = path
    return recordings


def refuse_to_replace(folder: Path, recordings: Sequence[Path]) -> None:
    """InputError if something would be lost in `folder`: a task's predictions, or files of another kind."""
    if (folder / OUTPUT_SETTINGS).exists():
        raise InputError(f'{folder}: holds the predictions of seld.py, which are scored as they are; choose '
                         'another --output')
    for path in [folder / f'{recording.stem}.csv' for recording in recordings]:
        if path.exists():
            try:
                read_output_rows(path)
            except InputError as error:
                raise InputError(f'{path}: is no prediction, and would be replaced; choose another --output'
                                 ) from error


def predict_recording(path: Path, run: Run, network: Network, overlap: int) -> np.ndarray:
    """Rows of the output format of a recording; notes and warnings go to stderr."""
    info = soundfile.info(path)
    for note in _notes(info):
        _tell(f'{path}: {note}')
    seconds = info.frames / info.samplerate
    levels = Levels(float(run.mean[:NB_COLUMNS // 2].mean()))
    chunks = levels.hear(recording_at_48_khz(path))
    with tqdm(total=round(seconds), unit='s', desc=path.stem, file=sys.stdout, disable=None,
              leave=False) as bar:
        chunks = _with_progress(chunks, bar)
        if overlap == 0 and seconds <= RECORDING_S + OUTLAST_S:
            chunks = as_a_minute(chunks)
        blocks = feature_blocks(chunks, run, levels)
        try:
            rows = predict_rows(blocks, network, run.sequence_length, overlap)
        except InputError:
            raise
        except ValueError as error:  # of functions that know no files: something is not finite
            raise InputError(f'{path}: {error}') from error
    for warning in levels.warnings():
        _tell(f'{path}: warning: {warning}')
    return rows


def _notes(info: Any) -> Iterator[str]:
    if info.samplerate != SAMPLE_RATE_HZ:
        yield (f'resampled from {info.samplerate} to {SAMPLE_RATE_HZ} Hz by soxr'
               + (f'; it has nothing above {info.samplerate / 2000:g} kHz, where the model expects sound'
                  if info.samplerate < LEAST_RATE_HZ else ''))
    if info.channels > NB_CHANNELS:
        yield f'{info.channels} channels, only the first {NB_CHANNELS} are used'


def _with_progress(chunks: Iterable[np.ndarray], bar: tqdm) -> Iterator[np.ndarray]:
    for chunk in chunks:
        yield chunk
        bar.update(len(chunk) / SAMPLE_RATE_HZ)


def _tell(text: str) -> None:
    tqdm.write(text, file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    args = _parse_arguments(argv)
    run = read_run(args.model)
    overlap = run.sequence_length // 2 if args.overlap is None else args.overlap
    if not 0 <= overlap < run.sequence_length:
        raise InputError(f'--overlap: got {overlap}, expected 0 to {run.sequence_length - 1}: the sequences '
                         f'of this model are {run.sequence_length} frames long')
    recordings = find_recordings(args.recordings)
    folder = args.output or Path(SETTINGS['dcase_dir'].default) / run.name
    refuse_to_replace(folder, recordings)
    plotting.choose_backend(show=False)
    network = load_network(args.model, run)
    (folder / 'events').mkdir(parents=True, exist_ok=True)
    for path in recordings:
        rows = predict_recording(path, run, network, overlap)
        target = folder / f'{path.stem}.csv'
        write_output_rows(target, rows)
        events = find_events(rows)
        write_description(folder / 'events' / target.name, events)
        print(f'{path}: {len(events)} events, written: {target}, {folder / "events" / target.name}')
        if args.plot:
            picture = folder / f'{path.stem}.{args.format}'
            figure = plot_recording(rows, None, load_spectrogram(path), title=path.stem)
            plotting.save(figure, picture)
            plotting.close(figure)
            print(f'written: {picture}')
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('model', type=Path, metavar='MODEL', help=f'a model ...{MODEL_ENDING} of seld.py')
    parser.add_argument('recordings', nargs='+', type=Path, metavar='WAV',
                        help='recordings, or folders of them')
    parser.add_argument('--output', type=Path, metavar='DIR',
                        help="folder for what is written [folder of the model's name in results/]")
    parser.add_argument('--overlap', type=int, metavar='FRAMES',
                        help='frames that neighbouring sequences share [half a sequence]')
    parser.add_argument('--plot', action='store_true', help='draw a picture of each recording')
    plotting.add_format_option(parser)
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
