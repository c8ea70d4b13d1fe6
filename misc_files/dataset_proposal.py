"""What a `dataset.toml` of the data that lie in a folder could say, for check_dataset_distribution.py."""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import soundfile

from seldnet.annotations.dataset import FORMATS, FRAMES_PER_SECOND, MODES, NB_CHANNELS, TAU2019, Dataset
from seldnet.annotations.dataset_file import GRACE_S
from seldnet.annotations.descriptions import Event, described_classes, read_description
from seldnet.annotations.directions import DirectionGrid
from seldnet.annotations.recording_names import TAU_NAMES, NameRules
from seldnet.common.errors import InputError, and_more
from seldnet.common.files import list_entries, list_files
from seldnet.extraction.audio import SUFFIXES

_PATTERNS = ('fold{split}_*', 'split{split}_*')  # of later years, and near to TAU 2019's
_LEAST_STEP_DEG = 5  # directions that are multiples of less are called free


class Proposal(NamedTuple):
    """A data set as it seems to be, and what of it is a guess that its owner should look at."""

    dataset: Dataset
    notes: list[str]


def propose_dataset(folder: Path) -> Proposal:
    """What the recordings and descriptions of a folder seem to be.

    Parameters
    ----------
    folder : Path
        With foa_dev/ or mic_dev/, and metadata_dev/.

    Returns
    -------
    Proposal

    Raises
    ------
    InputError
        If there are no descriptions or recordings, a description cannot be read, or there are no events.
    """
    described = [path for mode in MODES
                 for path in list_entries(TAU2019.description_folder(folder, mode), '.csv')]
    if not described:
        raise InputError(f'{folder}: no descriptions, expected *.csv in metadata_dev/')
    classes = tuple(sorted({name for path in described for name in described_classes(path)}))
    if not classes:
        raise InputError(f'{folder}: {len(described)} descriptions without any event')
    recordings = [path for mode in MODES for audio_format in FORMATS
                  for path in list_files(TAU2019.audio_folder(folder, audio_format, mode), *SUFFIXES)]
    infos = _headers(folder, recordings)
    rate_hz, rate_notes = _rate(infos)
    length_s, length_note = _length(infos)
    names, name_notes = _names([path.stem for path in described])
    dataset = Dataset(folder.resolve().name or 'my data set', classes, dict.fromkeys(MODES, ()), None,
                      rate_hz, length_s, GRACE_S, names=names)
    grid, grid_note = _grid([event for path in described
                             for event in read_description(path, dataset=dataset)])
    notes = [f'classes: {len(classes)}, in alphabetical order; the order is that of the class indices',
             *rate_notes, length_note, *_channel_notes(infos), grid_note, *name_notes]
    return Proposal(dataclasses.replace(dataset, grid=grid), notes)


def _headers(folder: Path, recordings: Sequence[Path]) -> dict[Path, Any]:
    """What soundfile says of those that can be read."""
    infos, unread = {}, []
    for path in recordings:
        try:
            infos[path] = soundfile.info(path)
        except soundfile.LibsndfileError:
            unread.append(path)
    if not infos:
        raise InputError(f'{folder}: no recordings that can be read, expected {" or ".join(SUFFIXES)} files '
                         'in foa_dev/ or mic_dev/'
                         + (f'; cannot be decoded: {unread[0]}{and_more(unread)}' if unread else ''))
    return infos


def _rate(infos: Mapping) -> tuple[int, list[str]]:
    """The most frequent rate that a data set can have, by frames of 20 ms."""
    rates = Counter(info.samplerate for info in infos.values())
    rate_hz = rates.most_common(1)[0][0]
    if rate_hz % FRAMES_PER_SECOND:
        possible = max(FRAMES_PER_SECOND, round(rate_hz / 8000) * 8000)
        return possible, [f'sample_rate_hz: most recordings have {rate_hz} Hz, of which 20 ms are no whole '
                          f'number of samples: {possible}; extract with --resample']
    others = sum(rates.values()) - rates[rate_hz]
    return rate_hz, [f'sample_rate_hz: {others} recordings have another rate; extract with --resample'
                     ] if others else []


def _length(infos: Mapping) -> tuple[float | None, str]:
    seconds = [info.frames / info.samplerate for info in infos.values()]
    shortest, longest = min(seconds), max(seconds)
    frames = round(longest * FRAMES_PER_SECOND)
    if shortest == longest and frames and math.isclose(longest * FRAMES_PER_SECOND, frames):
        return frames / FRAMES_PER_SECOND, (f'recording_s: all recordings are {longest:g} s long; leave it '
                                            'out if others are not to be cut or padded to that')
    return None, f'recording_s: left out, recordings of {shortest:.2f} to {longest:.2f} s stay as they are'


def _channel_notes(infos: Mapping) -> list[str]:
    counts = Counter(info.channels for info in infos.values())
    return [f'channels: {number} recordings have {count} channels, {NB_CHANNELS} are needed: '
            + ('say which, such as channels = [1, 2, 3, 4]' if count > NB_CHANNELS else 'they are refused')
            for count, number in sorted(counts.items()) if count != NB_CHANNELS]


def _grid(events: Sequence[Event]) -> tuple[DirectionGrid | None, str]:
    angles_deg = [angle for event in events for angle in (event.azimuth_deg, event.elevation_deg)]
    if all(angle == round(angle) for angle in angles_deg):
        step_deg = math.gcd(180, *(round(angle) for angle in angles_deg))
        if _LEAST_STEP_DEG <= step_deg < 90:
            elevations = [round(event.elevation_deg) for event in events]
            lowest, highest = min(elevations), max(elevations)
            return (DirectionGrid(step_deg, tuple(range(-180, 180, step_deg)),
                                  tuple(range(lowest, highest + 1, step_deg))),
                    f'grid_step_deg: all directions are multiples of {step_deg} degrees, elevations from '
                    f'{lowest} to {highest}; descriptions off the grid will be refused')
    return None, 'grid_step_deg: left out, directions are free'


def _names(stems: Sequence[str]) -> tuple[NameRules, list[str]]:
    for pattern in (None, *_PATTERNS):
        rules = NameRules(pattern)
        if all(map(rules.parse, stems)):
            return rules, [] if rules == TAU_NAMES else [f'name_pattern: {pattern}']
    # Every second recording, so that neighbours, which are often alike, still fall into both.
    halves = tuple((number, tuple(sorted(set(stems))[number - 1::2])) for number in (1, 2))
    return (NameRules(None, tuple((split, names) for split, names in halves if names)),
            ['[splits]: the names say nothing of splits: recordings go to 1 and 2 in turn. Recordings of one '
             'room or session belong into one split, or scores are too good: change it'])
