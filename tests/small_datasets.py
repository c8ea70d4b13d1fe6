"""Data sets small enough for tests, and what an extraction changes in a folder of features."""

import dataclasses
from pathlib import Path

import numpy as np
import soundfile

from seldnet.annotations.dataset import TAU2019, Dataset, Fold
from seldnet.annotations.directions import DirectionGrid
from seldnet.extraction.recording_set import RecordingSet

# As TAU 2019, but of two seconds instead of a minute.
SHORT = dataclasses.replace(TAU2019, recording_s=2)
# Nothing as in TAU 2019.
OWN = Dataset(
    name='Birds and cars', classes=('bird', 'car'),
    folds={'dev': (Fold(test=(1,), val=(2,), train=(2,)),), 'eval': (Fold(test=(0,), val=(1,), train=(2,)),)},
    grid=DirectionGrid(20, tuple(range(-180, 180, 20)), tuple(range(-20, 61, 20))),
    sample_rate_hz=24000, recording_s=1, grace_s=0)

NAMES = ['split1_ir0_ov1_1', 'split2_ir1_ov2_2', 'split3_ir2_ov1_3']
HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'
DESCRIPTION = HEADER + 'cough,0.5,1.5,-10,-10,2\n'


def write_recording(folder: Path, name: str, *, ending='wav', seed=0, subtype='PCM_16', gains=(1, 1, 1, 1),
                    rate_hz=48000) -> Path:
    """48,000 samples of noise that depends on name and seed."""
    rng = np.random.default_rng([*name.encode(), seed])
    folder.mkdir(parents=True, exist_ok=True)
    audio = rng.uniform(-0.5, 0.5, (48_000, 4)) * gains
    soundfile.write(folder / f'{name}.{ending}', audio, rate_hz, subtype=subtype)
    return folder / f'{name}.{ending}'


def make_data(folder: Path, names=NAMES, *, description=DESCRIPTION, rate_hz=48000) -> Path:
    """Recordings of the development set, with a description each."""
    (folder / 'metadata_dev').mkdir(parents=True, exist_ok=True)
    for name in names:
        write_recording(folder / 'foa_dev', name, rate_hz=rate_hz)
        (folder / 'metadata_dev' / f'{name}.csv').write_text(description)
    return folder


def recording_set(data: Path, out: Path, is_eval=False, *, dataset=SHORT, **settings) -> RecordingSet:
    """The development or evaluation set of a folder, to be extracted in this process."""
    return RecordingSet(data, out, is_eval=is_eval, n_jobs=1, dataset=dataset, **settings)


def write_generator_features(arrays: dict[str, np.ndarray], folder: Path) -> Path:
    """The tiny stand-ins for features and labels of golden/generator.npz: 75 frames of 16 columns."""
    folders = {'feat': 'foa_dev_norm', 'label': 'foa_dev_label', 'evalfeat': 'foa_eval_norm'}
    for key, array in arrays.items():
        if key.startswith('in/'):
            kind, name = key.removeprefix('in/').split('/')
            (folder / folders[kind]).mkdir(exist_ok=True)
            np.save(folder / folders[kind] / f'{name}.npy', array)
    return folder


# ---- what is in a folder of features ----


def stored(folder: Path) -> dict[str, bytes]:
    """Content of all files but the state, whose times differ, and the lock."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*'))
            if path.is_file() and path.suffix != '.json' and path.name != '.extraction.lock'}


def times(folder: Path) -> dict[str, int]:
    """When each array was written, by folder and name."""
    return {f'{path.parent.name}/{path.stem}': path.stat().st_mtime_ns for path in folder.rglob('*.np[yz]')}


def redone(before: dict[str, int], after: dict[str, int]) -> set[str]:
    """What was written between two `times`."""
    return {name for name in after if before.get(name) != after[name]}


def files_of(kinds: str, names) -> set[str]:
    """Names as of `times` of the development set's files: 'norm label' for features and labels."""
    return {f'foa_dev_{kind}/{name}' for kind in kinds.split() for name in names}
