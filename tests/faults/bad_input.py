"""What the scripts are given on purpose that is wrong or odd, and how they end: a table.

    python tests/faults/bad_input.py        # writes docs/BAD_INPUT.md from the table

The test (test_bad_input.py) makes each row from the same healthy place (workplace.py), runs the command there
and compares the line that it ends with. In a line `…` stands for any text, such as what a library says.
"""

import io
import json
import os
import pickle
import re
import shutil
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the repository, where pytest does not say so

from seldnet.annotations.dataset import TAU2019

DOCUMENT = Path(__file__).resolve().parents[2] / 'docs' / 'BAD_INPUT.md'

# Settings of the task that the commands run.
TINY_TASK = {'quick_test': False, 'model_variant': 'stand_in', 'sequence_length': 10, 'batch_size': 2,
             'nb_epochs': 2, 'epochs_per_fit': 1, 'patience': 100, 'learning_rate': 0.01, 'dropout_rate': 0.2,
             'n_jobs': 1}

EXTRACT = 'batch_feature_extraction.py tiny --feat_label_dir new'
UPDATE = 'batch_feature_extraction.py tiny'
TRAIN = 'seld.py tiny new --split 1 --dcase_output False'
RESUME = 'seld.py tiny job --split 1 --resume'
SCORE = 'calculate_SELD_metrics.py --task tiny --allow-missing'
COMPARE = ('calculate_SELD_metrics.py --allow-missing --references data/metadata_dev '
           'results/tiny_foa_dev')
PREDICT = ('misc_files/predict_recording.py models/tiny_job_foa_dev_split1_model.keras '
           'data/foa_dev/split1_ir0_ov1_1.wav')
DRAW = ('misc_files/visualize_SELD_output.py --task tiny results/tiny_foa_dev/split1_ir0_ov1_1.csv '
        '--output new')
ERRORS = 'misc_files/analyse_errors.py --task tiny --allow-missing --output new'
REPORT = 'misc_files/report_reproduction.py --task tiny --output new.md'
COUNT = 'misc_files/check_dataset_distribution.py data/metadata_dev --output new'
TOUR = 'misc_files/test_SELD_metrics.py data/metadata_dev/split1_ir0_ov1_1.csv'
SYNTHESIZE = ('misc_files/synthesize_dataset.py new --recordings 1 --eval_recordings 0 --seconds 6 '
              '--formats foa --n_jobs 1')
CONVERT = 'misc_files/convert_dataset.py metadata data/metadata_dev new --year 2019'
CONVERT_OUTPUT = 'misc_files/convert_dataset.py predictions results/tiny_foa_dev new --year 2019'

WAV = 'data/foa_dev/split1_ir0_ov1_1.wav'
DESCRIPTION = 'data/metadata_dev/split1_ir0_ov1_1.csv'
FEATURES = 'features/foa_dev_norm/split3_ir0_ov1_3.npy'
LABELS = 'features/foa_dev_label/split3_ir0_ov1_3.npy'
MOMENTS = 'features/foa_dev_moments/split3_ir0_ov1_3.npy'
SCALER = 'features/foa_wts.npz'
STATE = 'features/foa_dev_state.json'
RUN = 'models/tiny_job_foa_dev_split1'
OUTPUT = 'results/tiny_foa_dev/split1_ir0_ov1_1.csv'

CHANGED = ('missing or changed since it was extracted; run `python batch_feature_extraction.py tiny`')
ANEW = 'remove it, or --overwrite: python batch_feature_extraction.py then makes all features anew'

Change = Callable[[Path], None]


class Row(NamedTuple):
    """One bad input."""

    what: str
    path: str  # of the file that is changed, in the place; '' for none
    change: Change | None
    command: str
    line: str | None  # that the command ends with, after 'SCRIPT: error: '; None where it does its work
    status: int = 1
    # A fault that shows only in the middle of the work: what was finished before is kept.
    writes: bool = False


# ------------------------------------------------------------------------------------------------------------
# Ways to spoil a file
# ------------------------------------------------------------------------------------------------------------


def nothing_at_all(path: Path) -> None:
    path.unlink()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_new_pipe(path: Path) -> None:
    os.mkfifo(path)


def new_link(target: str) -> Change:
    return lambda path: path.symlink_to(target)


def link(target: str) -> Change:
    def change(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)
    return change


def content(data: bytes | str) -> Change:
    """Other content; makes the folders and the file if need be."""
    def change(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return change


def cut(nb_bytes: int) -> Change:
    return lambda path: os.truncate(path, nb_bytes if nb_bytes >= 0 else path.stat().st_size + nb_bytes)


def overwritten(offset: int, data: bytes) -> Change:
    """Some bytes in the middle replaced; the file's time stays, as with a bad disk."""
    def change(path: Path) -> None:
        stat = path.stat()
        with path.open('r+b') as file:
            file.seek(offset)
            file.write(data)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return change


def added(text: str) -> Change:
    def change(path: Path) -> None:
        path.write_bytes(path.read_bytes() + text.encode())
    return change


def replaced(before: str, after: str) -> Change:
    def change(path: Path) -> None:
        text = path.read_text()
        assert before in text, (path, before)
        path.write_text(text.replace(before, after))
    return change


def moved_to(target: str) -> Change:
    """The file or folder has another name, relative to its folder."""
    def change(path: Path) -> None:
        (path.parent / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, path.parent / target)
    return change


def copied_anew(path: Path) -> None:
    """A file or folder that was copied without its times, as `cp -r` does."""
    copy = path.with_name('copy')
    if path.is_dir():
        shutil.copytree(path, copy, copy_function=shutil.copyfile)
        shutil.rmtree(path)
    else:
        shutil.copyfile(path, copy)
    copy.rename(path)


def swapped_with(target: str) -> Change:
    def change(path: Path) -> None:
        path.rename(path.with_name('waiting'))
        path.with_name(target).rename(path)
        path.with_name('waiting').rename(path.with_name(target))
    return change


def copied_to(target: str) -> Change:
    return lambda path: shutil.copy(path, path.parent / target)


def sound(*, channels: int = 4, rate: int = 48000, samples: int = 4800, subtype: str = 'PCM_16',
          form: str = 'WAV', value: float | None = None, loudness: float = 1) -> Change:
    def change(path: Path) -> None:
        noise = np.random.default_rng(0).normal(0, 0.1, (samples, channels)) * loudness
        if value is not None:
            noise[samples // 2, -1] = value
        with io.BytesIO() as buffer:
            soundfile.write(buffer, noise, rate, subtype, format=form)
            path.write_bytes(buffer.getvalue())
    return change


def unfinished(path: Path) -> None:
    """A recorder was switched off before it had written the sizes."""
    sound()(path)
    header = bytearray(path.read_bytes())
    place = header.index(b'data') + 4
    header[4:8] = header[place:place + 4] = bytes(4)
    path.write_bytes(header)


def with_facts(facts: object) -> Change:
    """Settings of a model that was trained on another data set."""
    def change(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | {'dataset_facts': facts}))
    return change
def flac_of_a_pipe(path: Path) -> None:
    sound(form='FLAC')(path)
    data = bytearray(path.read_bytes())
    data[21] &= 0xf0  # 36 bits are the number of samples
    data[22:26] = bytes(4)
    path.write_bytes(data)


def damaged_without_scaler(path: Path) -> None:
    overwritten(0, b'XX')(path)
    (path.parents[1] / 'foa_wts.npz').unlink()


def state_of_version_1(path: Path) -> None:
    """The state as the project wrote it until its version 2: each entry was a line of text."""
    def stamp(size: int, time_ns: int) -> str:
        return f'{size} bytes of {time_ns}'

    def line(entry: dict) -> str:
        source = entry['source']
        made_from = source.get('moments') or stamp(*source.get('recording', source.get('description')))
        if 'feature_dtype' in source:
            made_from += f', {source["feature_dtype"]}, scaler {source["scaler"]}'
        return f'{stamp(entry["size"], entry["time_ns"])} from {made_from}'

    content = json.loads(path.read_text())
    for kind in ('moments', 'features', 'labels', 'scaler'):
        content[kind] = {name: line(entry) for name, entry in content[kind].items()}
    path.write_text(json.dumps(content | {'version': 1}, indent=2))


def state_that_leads_outside(path: Path) -> None:
    """A state in which a file of features is noted that is none: `x.npy`, two folders up."""
    content = json.loads(path.read_text())
    outside = path.parents[1] / 'x.npy'
    outside.write_bytes(b'precious')
    entry = next(iter(content['features'].values()))
    content['features']['../../x'] = entry | {'size': outside.stat().st_size}
    path.write_text(json.dumps(content))


def array(values: np.ndarray, *, pickled: bool = False) -> Change:
    def change(path: Path) -> None:
        with path.open('wb') as file:
            np.save(file, values, allow_pickle=pickled)
    return change


def arrays(**values: np.ndarray) -> Change:
    def change(path: Path) -> None:
        with path.open('wb') as file:
            np.savez(file, **values)
    return change


def _npy_header(text: str) -> bytes:
    """A .npy file of a header alone."""
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(text) + 1) + text.encode() + b'\n'


def _zip_with(name: str, data: bytes) -> bytes:
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, 'w') as archive:
            archive.writestr(name, data)
        return buffer.getvalue()


def _model_with_lambda(path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((10, 1024, 8)), keras.layers.Lambda(lambda x: x + 1)])
    model.save(path)


def _other_model(path: Path) -> None:
    import keras

    keras.Sequential([keras.Input((7,)), keras.layers.Dense(3)]).save(path)


_HEADER = 'sound_event_recording,start_time,end_time,ele,azi,dist\n'
_CLASSES = ', '.join(TAU2019.classes)
_NAN = float('nan')
_TINY_FACTS = json.dumps(TAU2019.audio_facts() | {'recording_s': 1})
_OTHER_SCALER = arrays(mean=np.zeros(8192), scale=np.ones(8192), facts=np.array(_TINY_FACTS))

# ------------------------------------------------------------------------------------------------------------
# The table
# ------------------------------------------------------------------------------------------------------------

TABLE: dict[str, list[Row]] = {
    'Recordings': [
        Row('empty file', WAV, content(b''), EXTRACT, f'{WAV}: cannot be decoded: …'),
        Row('cut in the header', WAV, cut(20), EXTRACT, f'{WAV}: cannot be decoded: …'),
        Row('cut in the samples', WAV, cut(1000), EXTRACT,
            f'{WAV}: breaks off after 956 bytes of sound, expected 384000 by its header; copy or download '
            'it again'),
        Row('text named .wav', WAV, content('this is no sound\n'), EXTRACT,
            f'{WAV}: cannot be decoded: …'),
        Row('wrong magic number', WAV, overwritten(0, b'RAFF'), EXTRACT, f'{WAV}: cannot be decoded: …'),
        Row('MP3 magic number', WAV, content(b'ID3\x04' + bytes(200)), EXTRACT,
            f'{WAV}: cannot be decoded: …'),
        Row('header that promises 2 GB', WAV, overwritten(40, struct.pack('<I', 2**31)), EXTRACT,
            f'{WAV}: breaks off after 384000 bytes of sound, expected 2147483648 by its header; copy or '
            'download it again'),
        Row('header of a stream (length 2^32 - 1)', WAV, overwritten(40, b'\xff\xff\xff\xff'), EXTRACT,
            None),
        Row('header with 65,535 channels', WAV, overwritten(22, b'\xff\xff'), EXTRACT,
            f'{WAV}: cannot be decoded: …'),
        Row('header with 0 channels', WAV, overwritten(22, b'\0\0'), EXTRACT,
            f'{WAV}: cannot be decoded: …'),
        Row('header with 0 bits a sample', WAV, overwritten(34, b'\0\0'), EXTRACT,
            f'{WAV}: cannot be decoded: …'),
        Row('header with 2^31 Hz', WAV, overwritten(24, struct.pack('<I', 2**31)), EXTRACT,
            f'{WAV}: cannot be decoded: …'),
        Row('no samples', WAV, sound(samples=0), EXTRACT, f'{WAV}: no samples'),
        Row('stereo', WAV, sound(channels=2), EXTRACT, f'{WAV}: 2 channels, expected 4'),
        Row('44.1 kHz', WAV, sound(rate=44100), EXTRACT,
            f'{WAV}: sampling rate 44100 Hz, expected 48000; --resample brings it there'),
        Row('a sample is NaN', WAV, sound(subtype='FLOAT', value=_NAN), EXTRACT,
            f'…/{WAV}: sample 2400 of channel 4 is nan, expected a finite number', writes=True),
        Row('a sample is infinite', WAV, sound(subtype='DOUBLE', value=float('inf')), EXTRACT,
            f'…/{WAV}: sample 2400 of channel 4 is inf, expected a finite number', writes=True),
        Row('samples of 1e30', WAV, sound(subtype='FLOAT', value=1e30), EXTRACT,
            f'…/{WAV}: samples of up to 1e+30, expected at most 1, which is full scale', writes=True),
        Row('samples up to 3e38', WAV, sound(subtype='FLOAT', loudness=7e38), EXTRACT,
            f'…/{WAV}: too loud: its spectra are beyond the range of complex64, expected samples of at '
            'most 1 (full scale), or some more', writes=True),
        Row('FLAC without a length, as written to a pipe', WAV, flac_of_a_pipe, EXTRACT,
            f'{WAV}: unfinished: its header does not say how long it is; decode and save it anew'),
        Row('floating-point samples on the scale of 16-bit integers', WAV,
            sound(subtype='FLOAT', value=5060), EXTRACT,
            f'…/{WAV}: samples of up to 5.06e+03, expected at most 1, which is full scale (of 16-bit '
            'integers divide by 32768)', writes=True),
        Row('not finished: sizes 0 in the header', WAV, unfinished, EXTRACT,
            f'{WAV}: unfinished: its header says no samples, but 38400 bytes of sound follow; a sound editor '
            'that opens raw data (Audacity: Import) can save it anew'),
        Row('not finished, predicted', WAV, unfinished, PREDICT,
            f'{WAV}: unfinished: its header says no samples, but 38400 bytes of sound follow; a sound editor '
            'that opens raw data (Audacity: Import) can save it anew'),
        Row('six channels, predicted', WAV, sound(channels=6), PREDICT,
            f'{WAV}: 6 channels, expected 4; --channels says which 4'),
        Row('six channels, of which four are said, predicted', WAV, sound(channels=6),
            f'{PREDICT} --channels 6 1 4 3 --output new', None),
        Row('on the scale of 16-bit integers, predicted', WAV, sound(subtype='FLOAT', value=5060),
            f'{PREDICT} --gain_db -90 --output new', None),
        Row('one sample', WAV, sound(samples=1), EXTRACT, None),
        Row('FLAC named .wav', WAV, sound(form='FLAC'), EXTRACT, None),
        Row('six channels', WAV, sound(channels=6), EXTRACT,
            f'{WAV}: 6 channels, expected 4; --channels says which 4'),
        Row('folder in its place', WAV, a_folder, EXTRACT, f'{DESCRIPTION}: no recording {WAV}'),
        Row('dangling link', WAV, link('nowhere.wav'), EXTRACT, f'{DESCRIPTION}: no recording {WAV}'),
        Row('link to itself', WAV, link('split1_ir0_ov1_1.wav'), EXTRACT,
            f'{DESCRIPTION}: no recording {WAV}'),
        Row('named pipe', WAV, a_pipe, EXTRACT, f'{DESCRIPTION}: no recording {WAV}'),
        Row('endless device', WAV, link('/dev/zero'), EXTRACT, f'{DESCRIPTION}: no recording {WAV}'),
        Row('name out of the grammar', WAV, moved_to('my recording.wav'), EXTRACT,
            '3 problems:\n  data/foa_dev/my recording.wav: not a recording name of the data set, '
            f'expected split{{S}}_ir{{R}}_ov{{O}}_{{N}} or split{{S}}_{{N}}\n  data/foa_dev/my '
            f'recording.wav: no description data/metadata_dev/my recording.csv\n  {DESCRIPTION}: no '
            f'recording {WAV}'),
        Row('name of Arabic digits', WAV, moved_to('split١_ir0_ov1_1.wav'), EXTRACT,
            '3 problems:\n  data/foa_dev/split١_ir0_ov1_1.wav: not a recording name of the data set, '
            f'expected split{{S}}_ir{{R}}_ov{{O}}_{{N}} or split{{S}}_{{N}}\n  '
            'data/foa_dev/split١_ir0_ov1_1.wav: no description data/metadata_dev/split١_ir0_ov1_1.csv\n  '
            f'{DESCRIPTION}: no recording {WAV}'),
        Row('ending in capitals', WAV, moved_to('split1_ir0_ov1_1.WAV'), EXTRACT, None),
        Row('two of one name', WAV, copied_to('split1_ir0_ov1_1.flac'), EXTRACT,
            'data/foa_dev/split1_ir0_ov1_1.flac: a second recording of this name, beside '
            'split1_ir0_ov1_1.wav'),
        Row('other files beside', WAV, copied_to('notes.txt'), EXTRACT, None),
        Row('missing', WAV, nothing_at_all, EXTRACT, f'{DESCRIPTION}: no recording {WAV}'),
        Row('empty file, predicted', WAV, content(b''), PREDICT, f'{WAV}: cannot be decoded: …'),
        Row('stereo, predicted', WAV, sound(channels=2), PREDICT, f'{WAV}: 2 channels, expected 4'),
        Row('a sample is NaN, predicted', WAV, sound(subtype='FLOAT', value=_NAN), PREDICT,
            f'{WAV}: sample 2400 of channel 4 is nan, expected a finite number', writes=True),
        Row('missing, predicted', WAV, nothing_at_all, PREDICT, f'{WAV}: no such recording'),
        Row('folder in its place, predicted', WAV, a_folder, PREDICT,
            f'{WAV}: no recordings (.wav, .flac, .w64, .rf64, .aiff, .aif, .ogg, .caf ...) in this folder; '
            '--recursive looks into its folders'),
        Row('named pipe, predicted', WAV, a_pipe, PREDICT, f'{WAV}: no such recording'),
        Row('named pipe in a folder, predicted', WAV, a_pipe, PREDICT.replace(WAV, 'data/foa_dev'),
            f'{WAV}: no such recording', writes=True),
        Row('empty file, drawn', WAV, content(b''), DRAW, f'{WAV}: not a recording that can be read: …'),
        Row('cut in the header, drawn', WAV, cut(20), DRAW, f'{WAV}: not a recording that can be read: …'),
    ],
    'Descriptions': [
        Row('empty file (no events)', DESCRIPTION, content(b''), EXTRACT, None),
        Row('header alone (no events)', DESCRIPTION, content(_HEADER), EXTRACT, None),
        Row('byte order mark, Windows line ends, quotes', DESCRIPTION,
            content('\ufeff' + _HEADER.replace('\n', '\r\n') + '"knock", 0.1, 0.5, 0, 0, 1\r\n'), EXTRACT,
            None),
        Row('UTF-16', DESCRIPTION, content(_HEADER.encode('utf-16')), EXTRACT,
            f'{DESCRIPTION}: not UTF-8 text (…), expected a CSV file; a spreadsheet saves it as "CSV '
            'UTF-8"'),
        Row('binary', DESCRIPTION, content(bytes(range(256))), EXTRACT,
            f'{DESCRIPTION}: not UTF-8 text (…), expected a CSV file; a spreadsheet saves it as "CSV '
            'UTF-8"'),
        Row('zero bytes', DESCRIPTION, content(_HEADER + '\0\0\0\n'), EXTRACT,
            f'{DESCRIPTION}:2: 1 cells, expected 6'),
        Row('without its header', DESCRIPTION, content('knock,0.1,0.5,0,0,1\n'), EXTRACT,
            f"{DESCRIPTION}:1: columns 'knock,0.1,0.5,0,0,1', expected "
            "'sound_event_recording,start_time,end_time,ele,azi,dist'"),
        Row('semicolons and decimal commas', DESCRIPTION,
            content(_HEADER.replace(',', ';') + 'knock;0,1;0,5;0;0;1\n'), EXTRACT,
            f"{DESCRIPTION}:1: columns 'sound_event_recording;start_time;end_time;ele;azi;dist', expected "
            "'sound_event_recording,start_time,end_time,ele,azi,dist': semicolons between them, expected "
            "commas, and decimal points"),
        Row('decimal commas', DESCRIPTION, added('knock,"0,1","0,5",0,0,1\n'), EXTRACT,
            f"{DESCRIPTION}:3: '0,1', expected a point, not a comma"),
        Row('empty rows and columns of a spreadsheet', DESCRIPTION,
            content(_HEADER.strip() + ',\nknock,0.1,0.5,0,0,1,\n,,,,,,\n'), EXTRACT, None),
        Row('metadata of a later year', DESCRIPTION, content('0,1,0,-50,30,120\n'), EXTRACT,
            f"{DESCRIPTION}:1: metadata of DCASE 2020 or later, found '0,1,0,-50,30,120', expected "
            "'sound_event_recording,start_time,end_time,ele,azi,dist'; misc_files/convert_dataset.py "
            "converts it"),
        Row('unknown distance', DESCRIPTION, added('knock,0.1,0.5,0,0,\n'), EXTRACT, None),
        Row('column of sources', DESCRIPTION,
            content(f'{_HEADER.strip()},source\nknock,0.1,0.5,0,0,1,7\nknock,0.1,0.5,0,10,1,\n'), EXTRACT,
            None),
        Row('source is no number', DESCRIPTION,
            content(f'{_HEADER.strip()},source\nknock,0.1,0.5,0,0,1,me\n'), EXTRACT,
            f"{DESCRIPTION}:2: source 'me', expected a whole number from 0 to 999999999, or an empty cell"),
        Row('row cut short', DESCRIPTION, added('knock,0.1,0.5'), EXTRACT,
            f'{DESCRIPTION}:3: 3 cells, expected 6'),
        Row('unknown class', DESCRIPTION, added('bell,0.1,0.5,0,0,1\n'), EXTRACT,
            f"{DESCRIPTION}:3: class 'bell', expected one of {_CLASSES}"),
        Row('a time is NaN', DESCRIPTION, added('knock,nan,0.5,0,0,1\n'), EXTRACT,
            f"{DESCRIPTION}:3: start_time 'nan', expected a number from 0 to 86400"),
        Row('end is infinite', DESCRIPTION, added('knock,0,inf,0,0,1\n'), EXTRACT,
            f"{DESCRIPTION}:3: end_time 'inf', expected a number from 0 to 86400"),
        Row('end before start', DESCRIPTION, added('knock,0.5,0.1,0,0,1\n'), EXTRACT,
            f'{DESCRIPTION}:3: end_time 0.1 is before start_time 0.5'),
        Row('end in the year 3000', DESCRIPTION, added('knock,0.5,3e10,0,0,1\n'), EXTRACT,
            f"{DESCRIPTION}:3: end_time '3e10', expected a number from 0 to 86400"),
        Row('direction off the grid', DESCRIPTION, added('knock,0.1,0.5,0,5,1\n'), EXTRACT,
            f'{DESCRIPTION}:3: azi 5 is off the grid, expected a multiple of 10 from -180 to 170'),
        Row('unclosed quote', DESCRIPTION, added('"knock,0.1,0.5,0,0,1\n'), EXTRACT,
            f'{DESCRIPTION}:3: 1 cells, expected 6'),
        Row('a cell of 200,000 letters', DESCRIPTION, added('k' * 200_000 + ',0,1,0,0,1\n'), EXTRACT,
            f'{DESCRIPTION}:3: not a row of a CSV file: field larger than field limit (131072)'),
        Row('three wrong rows, reported together', DESCRIPTION,
            added('a,0,1,0,0,1\nb,0,1,0,0,1\nc,0,1,0,0,1\n'), EXTRACT,
            f"3 problems:\n  {DESCRIPTION}:3: class 'a', expected one of {_CLASSES}\n  {DESCRIPTION}:4: "
            f"class 'b', expected one of {_CLASSES}\n  {DESCRIPTION}:5: class 'c', expected one of "
            f"{_CLASSES}"),
        Row('missing', DESCRIPTION, nothing_at_all, EXTRACT, f'{WAV}: no description {DESCRIPTION}'),
        Row('folder in its place', DESCRIPTION, a_folder, EXTRACT, f'{WAV}: no description {DESCRIPTION}'),
        Row('named pipe', DESCRIPTION, a_pipe, EXTRACT, f'{WAV}: no description {DESCRIPTION}'),
        Row('unknown class, scored', DESCRIPTION, added('bell,0.1,0.5,0,0,1\n'), SCORE,
            f"{DESCRIPTION}:3: class 'bell', expected one of {_CLASSES}"),
        Row('folder in its place, scored', DESCRIPTION, a_folder, SCORE, f'{DESCRIPTION}: Is a directory'),
        Row('end in the year 3000, scored', DESCRIPTION, added('knock,0.5,3e10,0,0,1\n'), SCORE,
            f"{DESCRIPTION}:3: end_time '3e10', expected a number from 0 to 86400"),
        Row('end in the year 3000, drawn', DESCRIPTION, added('knock,0.5,3e10,0,0,1\n'), DRAW,
            f"{DESCRIPTION}:3: end_time '3e10', expected a number from 0 to 86400"),
        Row('unknown class, counted', DESCRIPTION, added('bell,0.1,0.5,0,0,1\n'), COUNT,
            f"{DESCRIPTION}:3: class 'bell', expected one of {_CLASSES}"),
        Row('named pipe, counted', DESCRIPTION, a_pipe, COUNT,
            f'{DESCRIPTION}: a pipe or a device, expected a file'),
        Row('unknown class, converted', DESCRIPTION, added('bell,0.1,0.5,0,0,1\n'), f'{CONVERT} --to later',
            f"{DESCRIPTION}:3: class 'bell', expected one of {_CLASSES}"),
        Row('converted the wrong way', DESCRIPTION, None, f'{CONVERT} --to 2019',
            f"{DESCRIPTION}:1: found 'sound_event_recording,start_time,end_time,ele,azi,dist', expected "
            'numbers with commas between them, and no header; this is a description in the form of 2019 '
            'already (and 3 more files)'),
        Row('named pipe, converted', DESCRIPTION, a_pipe, f'{CONVERT} --to later',
            f'{DESCRIPTION}: a pipe or a device, expected a file'),
        Row('unknown class, toured', DESCRIPTION, added('bell,0.1,0.5,0,0,1\n'), TOUR,
            f"{DESCRIPTION}:3: class 'bell', expected one of {_CLASSES}"),
        Row('end in the year 3000, toured', DESCRIPTION, added('knock,0.5,3e10,0,0,1\n'), TOUR,
            f"{DESCRIPTION}:3: end_time '3e10', expected a number from 0 to 86400"),
    ],
    'Predictions (output format)': [
        Row('empty file (nothing predicted)', OUTPUT, content(b''), SCORE, None),
        Row('byte order mark, Windows line ends, floats', OUTPUT, content('\ufeff0,1,20.0,10\r\n'), SCORE,
            None),
        Row('with a header', OUTPUT, content('frame,class,azimuth,elevation\n0,1,20,10\n'), SCORE,
            f"{OUTPUT}:1: found 'frame,class,azimuth,elevation': expected four whole numbers (the "
            "output format has no header; pandas writes none with header=False, index=False)"),
        Row('five columns', OUTPUT, added('0,1,20,10,1\n'), SCORE,
            f"{OUTPUT}:212: found '0,1,20,10,1': 5 columns, expected 4: frame, class, azimuth, "
            "elevation; predictions of DCASE 2020 and later have 5 to 7: misc_files/convert_dataset.py "
            "predictions SOURCE TARGET --to 2019 converts them"),
        Row('a description', OUTPUT, content('cough,0.36,1.33,-10,-10,2\n'), SCORE,
            f"{OUTPUT}:1: found 'cough,0.36,1.33,-10,-10,2': 6 columns of a description, expected 4: frame, "
            "class, azimuth, elevation; predictions are named first, then descriptions"),
        Row('semicolons and decimal commas', OUTPUT, content('0;1;20,0;10\n'), SCORE,
            f"{OUTPUT}:1: found '0;1;20,0;10': semicolons between the numbers, expected commas (and decimal "
            'points, if any): save it as "CSV (comma delimited)", or replace them'),
        Row('tabs', OUTPUT, content('0\t1\t20\t10\n'), SCORE,
            f"{OUTPUT}:1: found '0\\t1\\t20\\t10': tabs between the numbers, expected commas (and decimal "
            'points, if any): save it as "CSV (comma delimited)", or replace them'),
        Row('spaces', OUTPUT, content('0 1 20 10\n'), SCORE,
            f"{OUTPUT}:1: found '0 1 20 10': 1 columns, expected 4: frame, class, azimuth, elevation; "
            "numpy.savetxt writes commas with delimiter=','"),
        Row('UTF-16', OUTPUT, content('0,1,20,10\n'.encode('utf-16')), SCORE,
            f'{OUTPUT}:1: found text in UTF-16, expected UTF-8: save it as "CSV UTF-8", or with '
            "encoding='utf-8'"),
        Row('an angle that is no whole number', OUTPUT, content('0,1,20.5,10\n'), SCORE,
            f"{OUTPUT}:1: found '0,1,20.5,10': 20.5 is no whole number, expected four whole numbers: frames "
            "of 20 ms, and angles rounded to whole degrees"),
        Row('as numpy.savetxt writes numbers', OUTPUT, content('0.0e+00,1.0e+00,2.0e+01,1.0e+01\n'), SCORE,
            None),
        Row('empty rows and columns of a spreadsheet', OUTPUT, content('0,1,20,10,\n,,,,\n'), SCORE, None),
        Row('five columns, converted', OUTPUT, added('0,1,20,10,1\n'), f'{CONVERT_OUTPUT} --to polar',
            f"{OUTPUT}:212: found '0,1,20,10,1': 5 columns, expected 4: frame, class, azimuth, "
            "elevation; predictions of DCASE 2020 and later have 5 to 7: misc_files/convert_dataset.py "
            "predictions SOURCE TARGET --to 2019 converts them"),
        Row('five columns, converted from 2020', OUTPUT, added('0,1,20,10,1\n'),
            f'{CONVERT_OUTPUT} --to 2019',
            f"{OUTPUT}:212: found '0,1,20,10,1', 5 columns, expected 4 (frame, class, azimuth, elevation)"),
        Row('row cut short', OUTPUT, added('0,1,2'), SCORE,
            f"{OUTPUT}:212: found '0,1,2': 3 columns, expected 4: frame, class, azimuth, elevation"),
        Row('unknown class', OUTPUT, added('0,11,20,10\n'), SCORE,
            f"{OUTPUT}:212: found '0,11,20,10': class 11, expected 0..10 (knock..laughter); "
            "classes count from 0"),
        Row('negative frame', OUTPUT, added('-1,1,20,10\n'), SCORE,
            f"{OUTPUT}:212: found '-1,1,20,10': frame -1, expected 0 or more"),
        Row('a number is NaN', OUTPUT, added('0,1,nan,10\n'), SCORE,
            f"{OUTPUT}:212: found '0,1,nan,10': expected four whole numbers"),
        Row('a number of 30 digits', OUTPUT, added('0,1,' + '9' * 30 + ',10\n'), SCORE,
            f"{OUTPUT}:212: found '0,1,999999999999999999999999999999,10': expected numbers of at "
            "most 9 digits"),
        Row('elevation beyond the pole', OUTPUT, added('0,1,20,100\n'), SCORE,
            f"{OUTPUT}:212: found '0,1,20,100': elevation 100, expected -90..90 (the order is "
            "frame, class, azimuth, elevation)"),
        Row('binary', OUTPUT, content(bytes(range(256))), SCORE,
            f"{OUTPUT}:1: found '\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08': 1 columns, "
            "expected 4: frame, class, azimuth, elevation"),
        Row('a pickle', OUTPUT, content(pickle.dumps({0: [[1, 20, 10]]})), SCORE,
            f"{OUTPUT}:1: found "
            "'\\x80\\x04\\x95\\x13\\x00\\x00\\x00\\x00\\x00\\x00\\x00}\\x94K\\x00]\\x94]\\x94(K\\x01K\\x"
            "14K': 1 columns, expected 4: frame, class, azimuth, elevation"),
        Row('folder in its place', OUTPUT, a_folder, SCORE, f'{OUTPUT}: Is a directory'),
        Row('dangling link', OUTPUT, link('nowhere.csv'), SCORE, f'{OUTPUT}: No such file or directory'),
        Row('named pipe', OUTPUT, a_pipe, SCORE, f'{OUTPUT}: a pipe or a device, expected a file'),
        Row('without a reference', OUTPUT, copied_to('split1_ir0_ov1_99.csv'), SCORE,
            'results/tiny_foa_dev: 2 predictions for 4 references in data/metadata_dev, missing: '
            'split2_ir0_ov1_2, split3_ir0_ov1_3, split4_ir0_ov1_4; surplus: split1_ir0_ov1_99'),
        Row('name out of the grammar', OUTPUT, moved_to('my recording.csv'), SCORE,
            'results/tiny_foa_dev: 1 predictions for 4 references in data/metadata_dev, missing: '
            'split1_ir0_ov1_1, split2_ir0_ov1_2, split3_ir0_ov1_3, split4_ir0_ov1_4; surplus: my '
            'recording'),
        Row('none at all', OUTPUT, nothing_at_all, SCORE,
            'results/tiny_foa_dev: no predictions (*.csv) in this folder: run seld.py first, or name the '
            'folder'),
        Row('the settings beside are no JSON', 'results/tiny_foa_dev/settings.json', cut(20), SCORE,
            'results/tiny_foa_dev/settings.json: not a JSON file: …'),
        Row('the settings beside are a list', 'results/tiny_foa_dev/settings.json', content('[]'), SCORE,
            'results/tiny_foa_dev/settings.json: found [], expected a table with params; remove it to score '
            'the predictions without it'),
        Row('the settings beside name other classes', 'results/tiny_foa_dev/settings.json',
            replaced('"doorslam"', '"bang"'), SCORE,
            'results/tiny_foa_dev/settings.json: predictions of another data set: classes …'),
        Row('the settings beside name other classes, drawn', 'results/tiny_foa_dev/settings.json',
            replaced('"doorslam"', '"bang"'), DRAW,
            'results/tiny_foa_dev/settings.json: predictions of another data set: classes …'),
        Row('the settings beside have classes that are none', 'results/tiny_foa_dev/settings.json',
            replaced('"doorslam"', '7'), SCORE,
            'results/tiny_foa_dev/settings.json: dataset_facts: classes: found …'),
        Row('with a header, drawn', OUTPUT, content('frame,class,azimuth,elevation\n'), DRAW,
            f"{OUTPUT}:1: found 'frame,class,azimuth,elevation': expected four whole numbers (the "
            "output format has no header; pandas writes none with header=False, index=False)"),
        Row('folder in its place, drawn', OUTPUT, a_folder, DRAW,
            f'{OUTPUT}: no predictions (*.csv) in this folder'),
        Row('missing, drawn', OUTPUT, nothing_at_all, DRAW, f'{OUTPUT}: No such file or directory'),
        Row('named pipe, drawn', OUTPUT, a_pipe, DRAW, f'{OUTPUT}: a pipe or a device, expected a file'),
        Row('named pipe in a folder, drawn', OUTPUT, a_pipe, DRAW.replace(OUTPUT, 'results/tiny_foa_dev'),
            f'{OUTPUT}: a pipe or a device, expected a file'),
        Row('with a header, analysed', OUTPUT, content('frame,class,azimuth,elevation\n'), ERRORS,
            f"{OUTPUT}:1: found 'frame,class,azimuth,elevation': expected four whole numbers (the "
            "output format has no header; pandas writes none with header=False, index=False)"),
        Row('none at all, analysed', OUTPUT, nothing_at_all, ERRORS,
            'results/tiny_foa_dev: no predictions (*.csv) in this folder: run seld.py first, or name the '
            'folder'),
        Row('with a header, reported', OUTPUT, content('frame,class,azimuth,elevation\n'), REPORT,
            f"{OUTPUT}:1: found 'frame,class,azimuth,elevation': expected four whole numbers (the "
            "output format has no header; pandas writes none with header=False, index=False)"),
        Row('none at all, reported', OUTPUT, nothing_at_all, REPORT,
            'results/tiny_foa_dev: no predictions yet; `make reproduce` or seld.py writes them'),
    ],
    'Features, labels and the state of their extraction': [
        Row('empty file', FEATURES, content(b''), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('cut', FEATURES, cut(-1), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('wrong magic number', FEATURES, overwritten(0, b'XX'), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('a header that promises 1 PB', FEATURES,
            overwritten(0,
            _npy_header( "{'descr': '<f4', 'fortran_order': False, 'shape': (50000000, 5000000), }")), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('a header that is code', FEATURES,
            overwritten(0, _npy_header( "__import__('os').system('touch broken') or {}")), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('other numbers of the same size', FEATURES,
            overwritten(0,
            _npy_header( "{'descr': '<i4', 'fortran_order': False, 'shape': (50, 8192), }".ljust(117))),
            TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('other shape of the same size', FEATURES,
            overwritten(0,
            _npy_header( "{'descr': '<f4', 'fortran_order': False, 'shape': (100, 4096), }".ljust(117))),
            TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('pickled objects', FEATURES, array(np.array([{}, []], object), pickled=True), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('pickled objects in the size of the features', FEATURES,
            overwritten(0,
            _npy_header( "{'descr': '|O', 'fortran_order': False, 'shape': (50, 8192), }".ljust(117))), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('a feature is NaN', FEATURES, overwritten(128 + 4 * 8192 * 7, struct.pack('<f', _NAN)), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('folder in its place', FEATURES, a_folder, TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('dangling link', FEATURES, link('nowhere.npy'), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('missing', FEATURES, nothing_at_all, TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('named pipe', FEATURES, a_pipe, TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('a named pipe beside', FEATURES.replace('ov1_3', 'ov1_99'), a_new_pipe, TRAIN,
            f'{FEATURES.replace("ov1_3", "ov1_99")}: not of the extraction, by foa_dev_state.json; remove '
            'it'),
        Row('one that the state does not know', FEATURES, copied_to('split3_ir0_ov1_99.npy'), TRAIN,
            f'{FEATURES.replace("ov1_3", "ov1_99")}: not of the extraction, by foa_dev_state.json; remove '
            'it'),
        Row('swapped with another', FEATURES, swapped_with('split4_ir0_ov1_4.npy'), TRAIN,
            f'{FEATURES} and 1 more: {CHANGED}'),
        Row('replaced under its size and time', FEATURES, overwritten(9999, b'other'), TRAIN,
            f'{FEATURES}: {CHANGED}'),
        Row('copied without its time', FEATURES, copied_anew, TRAIN, None),
        Row('all copied without their times, extracted again', 'features', copied_anew, UPDATE, None),
        Row('recordings copied without their times', 'data', copied_anew, UPDATE, None),
        Row('one that belongs to no recording', FEATURES, copied_to('split3_ir0_ov1_99.npy'), UPDATE,
            'features/foa_dev_norm/split3_ir0_ov1_99.npy: belongs to no recording of data/foa_dev; '
            'remove it'),
        Row('cut, extracted again', FEATURES, cut(-1), UPDATE, None),
        Row('labels empty', LABELS, content(b''), TRAIN,
            f'{LABELS}: {CHANGED}'),
        Row('labels float64', LABELS, array(np.zeros((50, 33))), TRAIN,
            f'{LABELS}: {CHANGED}'),
        Row('labels pickled in their size', LABELS,
            overwritten(0,
            _npy_header( "{'descr': '|O', 'fortran_order': False, 'shape': (50, 33), }".ljust(117))), TRAIN,
            f'{LABELS}: {CHANGED}'),
        Row('labels missing', LABELS, nothing_at_all, TRAIN,
            f'{LABELS}: {CHANGED}'),
        Row('moments damaged, scaler missing', MOMENTS, damaged_without_scaler, UPDATE, None),
        Row('scaler empty', SCALER, content(b''), TRAIN,
            f'{SCALER}: not a scaler of this project; remove it and run `python '
            'batch_feature_extraction.py`'),
        Row('scaler cut', SCALER, cut(1000), TRAIN,
            f'{SCALER}: not a scaler of this project; remove it and run `python '
            'batch_feature_extraction.py`'),
        Row('scaler of another size', SCALER, arrays(mean=np.zeros(7), scale=np.ones(7)), TRAIN,
            f'{SCALER}: scaler of shapes (7,) and (7,), expected (8192,); remove it and run '
            '`python batch_feature_extraction.py`'),
        Row('scaler of letters', SCALER, arrays(mean=np.full(8192, 'a'), scale=np.full(8192, 'b')), TRAIN,
            f'{SCALER}: not a scaler of this project; remove it and run `python '
            'batch_feature_extraction.py`'),
        Row('scaler without scale', SCALER, arrays(mean=np.zeros(8192)), TRAIN,
            f'{SCALER}: not a scaler of this project; remove it and run `python '
            'batch_feature_extraction.py`'),
        Row('scaler of another extraction', SCALER, _OTHER_SCALER, TRAIN,
            f'features/foa_dev_norm: normalised with another scaler than {SCALER}; run `python '
            'batch_feature_extraction.py tiny`'),
        Row('scaler with pickled objects', SCALER,
            content(_zip_with('mean.npy', _npy_header(
                "{'descr': '|O', 'fortran_order': False, 'shape': (8192,), }") + pickle.dumps([]))), TRAIN,
            f'{SCALER}: not a scaler of this project; remove it and run `python '
            'batch_feature_extraction.py`'),
        Row('scaler is a .npy file', SCALER, array(np.zeros(8192)), TRAIN,
            f'{SCALER}: not a scaler of this project; remove it and run `python '
            'batch_feature_extraction.py`'),
        Row('scaler is a pickle (joblib)', SCALER, content(pickle.dumps({'mean': 0})), TRAIN,
            f'{SCALER}: not a scaler of this project; remove it and run `python '
            'batch_feature_extraction.py`'),
        Row('scaler is a folder', SCALER, a_folder, TRAIN,
            f'{SCALER}: no scaler; run `python batch_feature_extraction.py` on the development set first'),
        Row('scaler is a folder, extracted', SCALER, a_folder, UPDATE, f'{SCALER}: Is a directory',
            writes=True),
        Row('scaler cut, extracted again', SCALER, cut(1000), UPDATE, None),
        Row('state empty', STATE, content(b''), TRAIN, f'{STATE}: not a JSON file: …'),
        Row('state cut', STATE, cut(100), TRAIN, f'{STATE}: not a JSON file: …'),
        Row('state is a list', STATE, content('[1, 2]'), TRAIN,
            f'{STATE}: found [1, 2], expected a table with version; {ANEW}'),
        Row('state without entries', STATE, content('{"version": 1}'), TRAIN,
            f'{STATE}: found no complete, expected a table with complete; {ANEW}'),
        Row('state with an unknown entry', STATE,
            replaced('"complete": true', '"complete": true, "x": 3'), TRAIN, None),
        Row('state of version 1 whose entries are numbers', STATE,
            content('{"version": 1, "complete": true, "feature_dtype": "float32", "features": {"a": 3}}'),
            TRAIN,
            f'{STATE}: features / a: found 3, expected an entry of version 1; {ANEW}'),
        Row('state whose entries are numbers', STATE,
            content('{"version": 2, "complete": true, "feature_dtype": "float32", "scaler_digest": "0", '
                    '"features": {"a": 3}}'),
            TRAIN,
            f'{STATE}: features / a: found 3, expected a table with size, time_ns, source; {ANEW}'),
        Row('state of version 1, whose recordings are a minute long', STATE, state_of_version_1, TRAIN,
            'features: the features of foa_dev were made for another data set: recording_s 60, not 1 as TAU '
            'Spatial Sound Events 2019 has it; set dataset_dir to the folder of their dataset.toml, or run '
            '`python batch_feature_extraction.py tiny`'),
        Row('state of version 1, whose recordings are a minute long, extracted again', STATE,
            state_of_version_1, UPDATE,
            'features/foa_dev_norm: 8 finished files (7.1 MB) were made with recording_s 60, not 1, and '
            'would be made anew; --overwrite does so, another feat_label_dir keeps them'),
        Row('state of version 1, whose recordings are a minute long, overwritten', STATE, state_of_version_1,
            f'{UPDATE} --overwrite', None),
        Row('state missing', STATE, nothing_at_all, UPDATE,
            'features/foa_dev_norm: 4 finished files (6.6 MB) are there without foa_dev_state.json, which '
            'says what they were made from, and would be made anew; --overwrite does so, another '
            'feat_label_dir keeps them'),
        Row('features of another type', STATE, None, f'{UPDATE} --feature_dtype float16',
            'features/foa_dev_norm: 4 finished files (6.6 MB) were made with feature_dtype float32, not '
            'float16, and would be made anew; --overwrite does so, another feat_label_dir keeps them'),
        Row('features of another type, overwritten', STATE, None,
            f'{UPDATE} --feature_dtype float16 --overwrite', None),
        Row('state of a later version', STATE, replaced('"version": 3', '"version": 4'), UPDATE,
            f'{STATE}: version: found 4, expected at most 3: a later version of this project wrote '
            f'it; {ANEW}'),
        Row('state with Infinity', STATE, replaced('"complete": true', '"complete": true, "x": Infinity'),
            TRAIN, f'{STATE}: x: found Infinity, expected finite numbers, texts, true, false, null, and '
            f'lists and tables of these; {ANEW}'),
        Row('state with the name ../../x', STATE, state_that_leads_outside, TRAIN,
            f'{STATE}: features: found the key "../../x", expected the name of a recording; {ANEW}'),
        Row('state with the name ../../x, extracted again', STATE, state_that_leads_outside, UPDATE,
            f'{STATE}: features: found the key "../../x", expected the name of a recording; {ANEW}'),
        Row('state with the name ../../x, overwritten', STATE, state_that_leads_outside,
            f'{UPDATE} --overwrite', None),
        Row('state of a run that was stopped', STATE,
            replaced('"complete": true', '"complete": false'), TRAIN,
            'features: the features of foa_dev are not complete (their extraction is at work, or was '
            'stopped); run `python batch_feature_extraction.py tiny` to finish them'),
        Row('state cut, extracted again', STATE, cut(100), UPDATE, f'{STATE}: not a JSON file: …'),
        Row('state of version 1 whose entries are numbers, extracted again', STATE,
            content('{"version": 1, "complete": true, "feature_dtype": "float32", "features": {"a": 3}}'),
            UPDATE,
            f'{STATE}: features / a: found 3, expected an entry of version 1; {ANEW}'),
        Row('state is a folder', STATE, a_folder, TRAIN, f'{STATE}: Is a directory'),
    ],
    'Models and what stands beside them': [
        Row('model empty', f'{RUN}_model.keras', content(b''), PREDICT,
            f'{RUN}_model.keras: not a model that can be loaded: …'),
        Row('model cut', f'{RUN}_model.keras', cut(5000), PREDICT,
            f'{RUN}_model.keras: not a model that can be loaded: …'),
        Row('model is another zip file', f'{RUN}_model.keras',
            content(_zip_with('hello.txt', b'hello')), PREDICT,
            f'{RUN}_model.keras: not a model that can be loaded: …'),
        Row('model is HDF5 by its magic number', f'{RUN}_model.keras',
            content(b'\x89HDF\r\n\x1a\n' + bytes(100)), PREDICT,
            f'{RUN}_model.keras: not a model that can be loaded: …'),
        Row('model is a pickle', f'{RUN}_model.keras', content(pickle.dumps([1, 2])), PREDICT,
            f'{RUN}_model.keras: not a model that can be loaded: …'),
        Row('model with code in it (a lambda)', f'{RUN}_model.keras', _model_with_lambda, PREDICT,
            f'{RUN}_model.keras: not a model that can be loaded: …'),
        Row('model of another shape', f'{RUN}_model.keras', _other_model, PREDICT,
            f'{RUN}_model.keras: its input has the shape (None, 7), expected (None, 10, 1024, 8) by the '
            'settings beside it'),
        Row('model missing', f'{RUN}_model.keras', nothing_at_all, PREDICT,
            f'{RUN}_model.keras: no such model, expected a file ..._model.keras that seld.py wrote'),
        Row('model is a folder', f'{RUN}_model.keras', a_folder, PREDICT,
            f'{RUN}_model.keras: no such model, expected a file ..._model.keras that seld.py wrote'),
        Row('model is a named pipe', f'{RUN}_model.keras', a_pipe, PREDICT,
            f'{RUN}_model.keras: no such model, expected a file ..._model.keras that seld.py wrote'),
        Row('model not of seld.py', f'{RUN}_model.keras',
            copied_to('mine.keras'), PREDICT.replace('tiny_job_foa_dev_split1_model', 'mine'),
            'models/mine.keras: no such model, expected a file ..._model.keras that seld.py wrote'),
        Row('settings missing', f'{RUN}.json', nothing_at_all, PREDICT,
            f'{RUN}.json: missing, expected beside tiny_job_foa_dev_split1_model.keras: seld.py writes '
            'them together, keep them together'),
        Row('settings no JSON', f'{RUN}.json', cut(50), PREDICT, f'{RUN}.json: not a JSON file: …'),
        Row('settings not UTF-8', f'{RUN}.json', content(b'\xff\xfe'), PREDICT,
            f'{RUN}.json: not a JSON file: …'),
        Row('settings nested 100,000 deep', f'{RUN}.json', content('[' * 100_000), PREDICT,
            f'{RUN}.json: not a JSON file: …'),
        Row('settings are a list', f'{RUN}.json', content('[]'), PREDICT,
            f'{RUN}.json: found [], expected a table with params; copy it again from where the model was '
            'trained, or train anew'),
        Row('settings of another type', f'{RUN}.json',
            replaced('"sequence_length": 10', '"sequence_length": "ten"'), PREDICT,
            f'{RUN}.json: params / sequence_length: found "ten", expected a whole number from 1; copy it '
            'again from where the model was trained, or train anew'),
        Row('settings with another truth', f'{RUN}.json',
            replaced('"test_rotations": false', '"test_rotations": "no"'), PREDICT,
            f'{RUN}.json: params / test_rotations: found "no", expected true or false; copy it again from '
            'where the model was trained, or train anew'),
        Row('facts of the data set are a list', f'{RUN}.json', with_facts([]), PREDICT,
            f'{RUN}.json: dataset_facts: found [], expected the facts of a data set'),
        Row('classes of the data set are none', f'{RUN}.json', with_facts(TAU2019.facts() | {'classes': []}),
            PREDICT, f'{RUN}.json: dataset_facts: classes: found [], …'),
        Row('model of other classes', f'{RUN}.json', with_facts(TAU2019.facts() | {'classes': ['a', 'b']}),
            PREDICT, f'{RUN}_model.keras: its outputs have 11 and 22 columns, expected 2 and 4 for the 2 '
            'classes by the settings beside it'),
        Row('scaler missing', f'{RUN}_wts.npz', nothing_at_all, PREDICT,
            f'{RUN}_wts.npz: missing, expected beside tiny_job_foa_dev_split1_model.keras: seld.py writes '
            'them together, keep them together'),
        Row('scaler of another size', f'{RUN}_wts.npz', arrays(mean=np.zeros(7), scale=np.ones(7)), PREDICT,
            f'{RUN}_wts.npz: scaler of shapes (7,) and (7,), expected (8192,); remove it and run '
            '`python batch_feature_extraction.py`'),
        Row('scaler with NaN', f'{RUN}_wts.npz',
            arrays(mean=np.full(8192, _NAN), scale=np.ones(8192)), PREDICT,
            f'{RUN}_wts.npz: scaler with numbers that are not finite or scales that are not positive; '
            'remove it and run `python batch_feature_extraction.py`'),
        Row('settings no JSON, resumed', f'{RUN}.json', cut(50), RESUME,
            f'{RUN}.json: not a JSON file: …'),
        Row('facts of the data set are none, resumed', f'{RUN}.json',
            replaced('"dataset_facts": {', '"dataset_facts": {"colour": "red", '), RESUME,
            f'{RUN}.json: dataset_facts: found …'),
        Row('of other classes, resumed', f'{RUN}.json', replaced('"doorslam"', '"bang"'), RESUME,
            f'{RUN}.json: this run was started with another data set: classes …'),
        Row('settings are a list, resumed', f'{RUN}.json', content('[]'), RESUME,
            f'{RUN}.json: found [], expected a table with params; start the run anew '
            '(--overwrite), or choose another job id'),
        Row('state no JSON, resumed', f'{RUN}_state.json', cut(50), RESUME,
            f'{RUN}_state.json: not a JSON file: …'),
        Row('state is a list, resumed', f'{RUN}_state.json', content('[]'), RESUME,
            f'{RUN}_state.json: found [], expected a table with history, best_round, results; start the run '
            'anew (--overwrite), or choose another job id'),
        Row('state without a history, resumed', f'{RUN}_state.json', content('{}'), RESUME,
            f'{RUN}_state.json: found no history, expected a table with history, best_round, results; start '
            'the run anew (--overwrite), or choose another job id'),
        Row('state with a text for a score, resumed', f'{RUN}_state.json',
            replaced('"ER": ', '"ER": "x", "x": '), RESUME,
            f'{RUN}_state.json: history / 0 / ER: found "x", expected a number, or null; start the '
            'run anew (--overwrite), or choose another job id'),
        Row('state whose best round is none, resumed', f'{RUN}_state.json',
            replaced('"best_round": ', '"best_round": 9'), RESUME,
            f'{RUN}_state.json: best_round: found 9…, expected one of 2 rounds; start the run anew '
            '(--overwrite), or choose another job id'),
        Row('best model missing, finished', f'{RUN}_model.keras', nothing_at_all, RESUME,
            f'{RUN}_model.keras: missing, but {RUN}_state.json has 2 rounds; copy it back, or train the run '
            'again (--overwrite)'),
        Row('model of the last round missing, more rounds', f'{RUN}_round2.keras', nothing_at_all,
            f'{RESUME} --nb_epochs 3',
            f'{RUN}_round2.keras: no such model; versions before this one kept none of a finished run; a new '
            f'job can start from its best: --initial_model {RUN}_model.keras'),
        Row('model of the last round missing, finished', f'{RUN}_round2.keras', nothing_at_all, RESUME, None),
        Row('model to start from missing', 'models/mine.keras', None,
            f'{TRAIN} --initial_model models/mine.keras',
            'models/mine.keras: no such model (setting initial_model)'),
        Row('model to start from cut short', f'{RUN}_model.keras', cut(50),
            f'{TRAIN} --initial_model {RUN}_model.keras',
            f'{RUN}_model.keras: not a model that can be loaded: …', writes=True),
        Row('model to start from with code in it (a lambda)', f'{RUN}_model.keras', _model_with_lambda,
            f'{TRAIN} --initial_model {RUN}_model.keras',
            f'{RUN}_model.keras: not a model that can be loaded: …', writes=True),
        Row('model to start from of another kind', f'{RUN}_model.keras', _other_model,
            f'{TRAIN} --initial_model {RUN}_model.keras',
            f'{RUN}_model.keras: none of its layers (…) has the name and size of one of the new network '
            '(sed_out, doa_out); expected a model of the same method and sizes', writes=True),
        Row('a run that exists', '', None, 'seld.py tiny job --split 1',
            f'{RUN}.json: this run exists; --resume goes on with it, --overwrite starts it anew, another '
            'job id leaves it alone'),
        Row('resumed with another learning rate', '', None, f'{RESUME} --learning_rate 0.5',
            f'{RUN}.json: this run was started with learning_rate 0.01, not 0.5; resume it with the same '
            'settings (a learning_rate may be lower), or choose another job id'),
        Row('resumed with two other settings', '', None, f'{RESUME} --learning_rate 0.5 --seed 1',
            f'{RUN}.json: this run was started with learning_rate 0.01, not 0.5; seed 2019, not 1; resume it '
            'with the same settings (a learning_rate may be lower), or choose another job id'),
        Row("settings of another job's predictions no JSON", 'results/tiny_foa_dev/settings.json',
            cut(50), 'seld.py tiny new --split 1',
            'results/tiny_foa_dev/settings.json: not a JSON file: …'),
        Row("settings of another job's predictions are a list", 'results/tiny_foa_dev/settings.json',
            content('[]'), 'seld.py tiny new --split 1',
            'results/tiny_foa_dev/settings.json: found [], expected a table with job, params; choose another '
            'dcase_dir, or remove this file'),
        Row('predictions of another job', '', None, 'seld.py tiny new --split 1',
            "results/tiny_foa_dev: is for the predictions of job 'job'; choose another dcase_dir, or "
            "--overwrite them"),
        Row('data set of another kind to go on with', 'new/synthesis.json',
            content('{"settings": {"seed": 1}}'), SYNTHESIZE,
            "new: holds another data set, synthesis.json says {'script_version': None, 'recordings': "
            "None, 'eval_recordings': None, 'seconds': None, 'seed': 1, 'formats': None}, expected "
            "{'script_version': 1, 'recordings': 1, 'eval_recordings': 0, 'seconds': 6, 'seed': 2019, "
            "'formats': ['foa']}; choose another folder, or remove this one"),
        Row('settings of a data set no JSON', 'new/synthesis.json', content('{'), SYNTHESIZE,
            'new/synthesis.json: not a JSON file: …'),
        Row('settings of a data set a list', 'new/synthesis.json', content('[]'), SYNTHESIZE,
            'new/synthesis.json: found [], expected a table with settings; choose another folder, or remove '
            'this one'),
    ],
    'Folders and names': [
        Row('no data at all', 'data', moved_to('elsewhere'), EXTRACT,
            '2 problems:\n  data/foa_dev: no such folder of recordings; set dataset_dir\n  '
            'data/metadata_dev: no such folder of descriptions'),
        Row('no descriptions', 'data/metadata_dev', moved_to('elsewhere'), EXTRACT,
            'data/metadata_dev: no such folder of descriptions'),
        Row('recordings are a file', 'data/foa_dev',
            lambda path: (shutil.rmtree(path), path.write_text('')), EXTRACT,
            'data/foa_dev: no such folder of recordings; set dataset_dir'),
        Row('features below a file', '', None, f'batch_feature_extraction.py tiny --feat_label_dir {WAV}/new',
            f'{WAV}/new: Not a directory'),
        Row('features is a file', 'new', content(b''), EXTRACT, 'new: File exists'),
        Row('models is a file', 'other', content(b''), f'{TRAIN} --model_dir other', 'other: File exists'),
        Row('results is a file', 'other', content(b''), f'{TRAIN} --dcase_output True --dcase_dir other',
            'other/tiny_foa_dev: Not a directory'),
        Row('scores into a folder', '', None, f'{SCORE} --json data', 'data: Is a directory'),
        Row('scores into a folder that is not there', '', None, f'{SCORE} --json nowhere/scores.json',
            'nowhere/scores.json: No such file or directory'),
        Row('scores below a device', '', None, f'{SCORE} --csv /dev/null/scores.csv',
            '/dev/null/scores.csv: Not a directory'),
        Row('scores onto a device', '', None, f'{SCORE} --csv /dev/null',
            '/dev/null: a pipe or a device, expected a file'),
        Row('scores into a pipe', 'scores.json', a_new_pipe, f'{SCORE} --json scores.json',
            'scores.json: a pipe or a device, expected a file'),
        Row('scores onto a prediction', '', None, f'{SCORE} --json {OUTPUT}',
            f'{OUTPUT}: would stand among the files that are scored, expected another folder'),
        Row('scores onto a description', '', None, f'{SCORE} --csv data/../{DESCRIPTION}',
            f'data/../{DESCRIPTION}: would stand among the files that are scored, expected another folder'),
        Row('scores onto a description through a link', 'scores.csv', new_link(DESCRIPTION),
            f'{SCORE} --csv scores.csv',
            'scores.csv: would stand among the files that are scored, expected another folder'),
        Row('scores onto the settings of the predictions', '', None,
            f'{SCORE} --json results/tiny_foa_dev/settings.json',
            'results/tiny_foa_dev/settings.json: would stand among the files that are scored, expected '
            'another folder'),
        Row('a table of scores that would be taken for a prediction', '', None,
            f'{SCORE} --csv results/tiny_foa_dev/scores.csv',
            'results/tiny_foa_dev/scores.csv: would stand among the files that are scored, expected another '
            'folder'),
        Row('both kinds of scores into one file', '', None, f'{SCORE} --json scores --csv ./scores',
            'scores: both --json and --csv, expected two files'),
        Row('scores drawn as a kind of picture that there is not', '', None, f'{SCORE} --plot scores.gif',
            'scores.gif: expected a file name that ends in .png, .pdf, .svg'),
        Row('a system compared with itself', '', None, f'{COMPARE} results/tiny_foa_dev',
            'results/tiny_foa_dev: a system is named twice, expected different folders'),
        Row('a system that is not there, compared', '', None, f'{COMPARE} nowhere',
            'nowhere: no such folder of predictions: run seld.py first, or name the folder'),
        Row('tasks of different references, compared', '', None, f'{SCORE} --task 5',
            'data/metadata_eval: the references of results/5_foa_eval, expected those of '
            'results/tiny_foa_dev, data/metadata_dev; --references names one for all'),
        Row('prediction onto a description', '', None, f'{PREDICT} --output data/metadata_dev',
            f'{DESCRIPTION}: is there, and not as predict_recording.py has written it; choose another '
            '--output, or replace it with --overwrite'),
        Row('events onto an empty description', 'data/events/split1_ir0_ov1_1.csv', content(''),
            f'{PREDICT} --output data',
            'data/events/split1_ir0_ov1_1.csv: is there, and not as predict_recording.py has written it; '
            'choose another --output, or replace it with --overwrite'),
        Row('a record of predictions that is none', 'new/predict_recording.json', content('[]'),
            f'{PREDICT} --output new',
            'new/predict_recording.json: found [], expected a table with files; choose another --output'),
        Row("prediction onto a task's", '', None, f'{PREDICT} --output results/tiny_foa_dev',
            'results/tiny_foa_dev: holds the predictions of seld.py, which are scored as they are; choose '
            'another --output'),
        Row('raw spectra among the recordings', '', None,
            'batch_feature_extraction.py tiny --save_spectra True --feat_label_dir data/../data',
            'data/../data/foa_dev: raw spectra would stand among the recordings, expected a feat_label_dir '
            'other than dataset_dir'),
        Row('pictures below a file', '', None, DRAW.replace('--output new', f'--output {WAV}/new'),
            f'{WAV}/new: Not a directory'),
        Row('picture of an unknown kind', '', None, DRAW.replace('--output new', '--output new.bmp'),
            'new.bmp: expected a file name that ends in .png, .pdf, .svg'),
        Row('spaces', 'data',
            moved_to('my data'),
            "batch_feature_extraction.py tiny --feat_label_dir 'my features' " "--dataset_dir 'my data'",
            None),
        Row('letters of all kinds', 'data',
            moved_to('Дані 数据 ä'),
            'batch_feature_extraction.py tiny --feat_label_dir ' "'Ознаки 特征' --dataset_dir 'Дані 数据 ä'",
            None),
        Row('line break in a name', 'data',
            moved_to('da\nta'),
            'batch_feature_extraction.py tiny --feat_label_dir ' "'fea\ntures' --dataset_dir 'da\nta'",
            None),
        Row('line break in the name of a missing folder', '', None, f"{EXTRACT} --dataset_dir 'da\nta'",
            '2 problems:\n  da\\nta/foa_dev: no such folder of recordings; set dataset_dir\n  '
            'da\\nta/metadata_dev: no such folder of descriptions'),
        Row('line break in the name of a recording', WAV, moved_to('split1_1\n.wav'), EXTRACT,
            '3 problems:\n  data/foa_dev/split1_1\\n.wav: not a recording name of the data set, expected '
            f'split{{S}}_ir{{R}}_ov{{O}}_{{N}} or split{{S}}_{{N}}\n  data/foa_dev/split1_1\\n.wav: no '
            f'description data/metadata_dev/split1_1\\n.csv\n  {DESCRIPTION}: no recording {WAV}'),
        Row('terminal codes in the name of a recording', WAV, moved_to('split1_1\x1b[31m.wav'), EXTRACT,
            '3 problems:\n  data/foa_dev/split1_1\\x1b[31m.wav: not a recording name of the data set, '
            f'expected split{{S}}_ir{{R}}_ov{{O}}_{{N}} or split{{S}}_{{N}}\n  '
            'data/foa_dev/split1_1\\x1b[31m.wav: no description '
            f'data/metadata_dev/split1_1\\x1b[31m.csv\n  {DESCRIPTION}: no recording {WAV}'),
        Row('name that starts with a dash', 'data', moved_to('-data'), f'{EXTRACT} --dataset_dir=-data',
            None),
        Row('name that starts with a dash, taken for an option', 'data',
            moved_to('-data'), f'{EXTRACT} --dataset_dir -data',
            'argument --dataset_dir: expected one argument', 2),
        Row('patterns in the name', 'data', moved_to('[d]*a?'), f"{EXTRACT} --dataset_dir '[d]*a?'", None),
        Row('relative path with ..', '', None, f'{EXTRACT} --dataset_dir features/../data', None),
        Row('Windows path', '', None, f"{EXTRACT} --dataset_dir 'C:\\tau\\data'",
            '2 problems:\n  C:\\tau\\data/foa_dev: no such folder of recordings; set dataset_dir\n  '
            'C:\\tau\\data/metadata_dev: no such folder of descriptions'),
        Row('network path of Windows', '', None, f"{EXTRACT} --dataset_dir '\\\\host\\data'",
            '2 problems:\n  \\\\host\\data/foa_dev: no such folder of recordings; set dataset_dir\n  '
            '\\\\host\\data/metadata_dev: no such folder of descriptions'),
        Row('empty name', '', None, f"{EXTRACT} --dataset_dir ''",
            '2 problems:\n  foa_dev: no such folder of recordings; set dataset_dir\n  metadata_dev: no '
            'such folder of descriptions'),
        Row('name of 300 letters', '', None, f"{EXTRACT} --dataset_dir {'x' * 300}",
            '…/foa_dev: File name too long'),
        Row('a home folder that no shell has filled in', '', None, f"{EXTRACT} --dataset_dir '~/data'",
            '2 problems:\n  ~/data/foa_dev: no such folder of recordings; set dataset_dir\n  '
            '~/data/metadata_dev: no such folder of descriptions'),
        Row('predictions folder with spaces and line break', 'results/tiny_foa_dev',
            moved_to('a b\nc'),
            "calculate_SELD_metrics.py 'results/a b\nc' data/metadata_dev --allow-missing",
            None),
    ],
    'Command lines': [
        Row('unknown task', '', None, 'batch_feature_extraction.py 77',
            "unknown task id '77', expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 999, demo, "
            "demo_accdoa, tiny"),
        Row('unknown task, trained', '', None, 'seld.py 77',
            "unknown task id '77', expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 999, demo, "
            "demo_accdoa, tiny"),
        Row('unknown task, scored', '', None, 'calculate_SELD_metrics.py --task 77',
            "argument --task: invalid choice: '77' (choose from …)", 2),
        Row('unknown option', '', None, 'seld.py tiny new --lerning_rate 1',
            'unknown option --lerning_rate, did you mean --learning_rate?', 2),
        Row('option cut short', '', None, 'seld.py tiny new --batch 4',
            'unknown option --batch, did you mean --batch_size?', 2),
        Row('unknown option of a tool', '', None, f'{SCORE} --jason x',
            'unknown option --jason, did you mean --json?', 2),
        Row('two tasks', '', None, 'seld.py tiny new --task 4',
            "--task: got '4', but task-id 'tiny', expected one of them", 2),
        Row('settings file missing', 'my.toml', None, f'{TRAIN} --config my.toml',
            'my.toml: no such file, expected settings as JSON or TOML'),
        Row('settings file with an unknown setting', 'my.toml', content('nb_epoch = 3\n'),
            f'{TRAIN} --config my.toml', "my.toml: unknown setting 'nb_epoch', did you mean 'nb_epochs'?"),
        Row('settings file with a wrong value', 'my.toml', content('nb_epochs = "3"\n'),
            f'{TRAIN} --config my.toml', "my.toml: setting nb_epochs: got '3', expected a whole number"),
        Row('settings file no TOML', 'my.toml', content('nb_epochs: 3\n'),
            f'{TRAIN} --config my.toml', 'my.toml: not a TOML file: …'),
        Row('settings file a folder', f'{RUN}.json', a_folder, f'{TRAIN} --config {RUN}.json',
            f'{RUN}.json: no such file, expected settings as JSON or TOML'),
        Row('settings file a named pipe', f'{RUN}.json', a_pipe, f'{TRAIN} --config {RUN}.json',
            f'{RUN}.json: a pipe or a device, expected a file'),
        Row('settings of a model, taken for extraction', f'{RUN}.json', None,
            f'{UPDATE} --config {RUN}.json', None),
        Row('one argument too many', '', None, 'seld.py tiny new extra',
            'unrecognized arguments: extra', 2),
        Row('job id with a slash', '', None, 'seld.py tiny ../evil',
            'job-id: got \'../evil\', expected letters, digits, ".", "-", "_": it names files', 2),
        Row('job id with a line break', '', None, "seld.py tiny 'a\nb'",
            'job-id: got \'a\\nb\', expected letters, digits, ".", "-", "_": it names files', 2),
        Row('job id of 300 letters', '', None, f"seld.py tiny {'x' * 300} --split 1",
            '…models/tiny_…_foa_dev_split1.lock: File name too long'),
        Row('split 9', '', None, 'seld.py tiny new --split 9',
            '--split: got 9, expected some of 1, 2, 3, 4 (the test splits of mode dev)'),
        Row('split one', '', None, 'seld.py tiny new --split one',
            "argument --split: invalid int value: 'one'", 2),
        Row('batch size 0', '', None, 'seld.py tiny new --batch_size 0',
            'setting batch_size: got 0, expected at least 1'),
        Row('batch size 1e9', '', None, f'{TRAIN} --batch_size 1000000000',
            'features/foa_dev_norm: 2 recordings of 100 frames together are too few for one batch of '
            '1000000000 sequences of 10 frames; …'),
        Row('sequence length beyond the recordings', '', None, f'{TRAIN} --sequence_length 100000',
            'features/foa_dev_norm: 2 recordings of 100 frames together are too few for one batch of 2 '
            'sequences of 100000 frames; …'),
        Row('rounds of 400 digits', '', None, f'{TRAIN} --nb_epochs {"9" * 400}',
            'setting nb_epochs: got a whole number of 1329 bits, expected at most 2147483648'),
        Row('part that never ends, drawn', '', None, f'{DRAW} --seconds 0 inf',
            '--seconds: got 0 inf, expected a time and a later one'),
        Row('learning rate of 1e9, which diverges', '', None,
            'seld.py tiny new --split 1 --learning_rate 1e9 --dcase_dir others',
            'models/tiny_new_foa_dev_split1_model.keras: predictions of up to …, expected radians, or parts '
            'of a vector: its training has diverged; train anew with a lower learning_rate', writes=True),
        Row('learning rate NaN', '', None, 'seld.py tiny new --learning_rate nan',
            'setting learning_rate: got nan, expected a finite number'),
        Row('learning rate infinite', '', None, f'{TRAIN} --learning_rate inf',
            'setting learning_rate: got inf, expected a finite number'),
        Row('learning rate with a comma', '', None, 'seld.py tiny new --learning_rate 0,001',
            "argument --learning_rate: invalid float value: '0,001'", 2),
        Row('three loss weights', '', None, 'seld.py tiny new --loss_weights 1 2 3',
            'setting loss_weights: got [1.0, 2.0, 3.0], expected two numbers, of detection and direction'),
        Row('loss weight infinite', '', None, f'{TRAIN} --loss_weights 1 inf',
            'setting loss_weights: got inf, expected a finite number'),
        Row('seed -1', '', None, 'seld.py tiny new --seed -1',
            'setting seed: got -1, expected at least 0'),
        Row('seed of 30 digits', '', None, f'{TRAIN} --seed {"9" * 30}',
            'setting seed: got a whole number of 100 bits, expected at most 2147483648'),
        Row('quick test maybe', '', None, 'seld.py tiny new --quick_test maybe',
            "argument --quick_test: got 'maybe', expected True or False", 2),
        Row('unknown format', '', None, 'seld.py tiny new --dataset binaural',
            "setting dataset: got 'binaural', expected one of foa, mic"),
        Row('0 processes', '', None, f'{EXTRACT} --n_jobs 0',
            'n_jobs 0, expected a number of processes, or -1 for one a core'),
        Row('-2 processes', '', None, f'{EXTRACT} --n_jobs -2',
            'setting n_jobs: got -2, expected at least -1'),
        Row('no Dask scheduler there', '', None, f'{EXTRACT} --dask nonsense',
            '--dask nonsense: no scheduler answers there (…)'),
        Row('overlap of a whole sequence', '', None, f'{PREDICT} --overlap 10',
            '--overlap: got 10, expected 0 to 9: the sequences of this model are 10 frames long'),
        Row('threshold of no class', '', None, f'{PREDICT} --threshold caugh=0.3',
            "--threshold: unknown class 'caugh', did you mean 'cough'?"),
        Row('threshold of 40', '', None, f'{PREDICT} --threshold 40',
            '--threshold: got 40.0 for knock, expected a number from 0 to 1'),
        Row('threshold in words', '', None, f'{PREDICT} --threshold cough=high',
            "--threshold: got 'cough=high', expected a number, or CLASS=NUMBER"),
        Row('a channel twice', '', None, f'{PREDICT} --channels 1 2 3 3',
            '--channels: got 1 2 3 3, expected 4 different channels, counted from 1'),
        Row('a gain of NaN', '', None, f'{PREDICT} --gain_db nan',
            '--gain_db: got nan, expected -200 to 200'),
        Row('models without a recording', '', None,
            f'misc_files/predict_recording.py {RUN}_model.keras {RUN}_model.keras',
            'no recordings, expected some behind the models'),
        Row('a part that ends before it starts', '', None, f'{DRAW} --seconds 5 1',
            '--seconds: got 5 1, expected a time and a later one'),
        Row('a part from NaN', '', None, f'{DRAW} --seconds nan 1',
            '--seconds: got nan 1, expected a time and a later one'),
        Row('half a second of data set', '', None, SYNTHESIZE.replace('--seconds 6', '--seconds 0'),
            "argument --seconds: got '0', expected a whole number, at least 6", 2),
        Row('a seed of another kind of digits', '', None, f'{SYNTHESIZE} --seed ²',
            "argument --seed: got '²', expected a whole number, at least 0", 2),
    ],
}


def rows() -> list[tuple[str, Row]]:
    """Section and row, in order."""
    return [(section, row) for section, of_section in TABLE.items() for row in of_section]


# ------------------------------------------------------------------------------------------------------------
# The table as a document
# ------------------------------------------------------------------------------------------------------------

_INTRODUCTION = """# Bad input, and how it ends

Written by `python tests/faults/bad_input.py` from the table in that file; tests/faults/test_bad_input.py
makes each of the {number} rows and checks it.

A command either does its work or ends with exit status 1 (2 for a command line that cannot be understood,
below a reminder of its usage) and the line on stderr that stands here, behind `SCRIPT: error: `: never with a
traceback, and it always ends. `…` stands for any text, such as what a library says. The extraction reports
all problems together. Where a command ends with a line nothing has been written, except in the rows with a *:
their fault shows only in the middle of the work, and what was finished before is kept.

All commands run in a folder with the recordings of a tiny data set (`data/`), its features (`features/`), a
trained model (`models/`) and its predictions (`results/`), all of them well but for what the row says. Task
`tiny` has these settings: `{settings}`.
"""


def document() -> str:
    """The table in Markdown."""
    parts = [_INTRODUCTION.format(number=len(rows()), settings=TINY_TASK)]
    for section, of_section in TABLE.items():
        parts.append(f'\n## {section}\n\n| input | file | command | result |\n|---|---|---|---|\n')
        for row in of_section:
            result = 'works' if row.line is None else f'{row.status}{"*" * row.writes}: {_code(row.line)}'
            parts.append(f'| {row.what} | {_code(row.path)} | {_code(row.command)} | {result} |\n')
    return ''.join(parts)


def _code(text: str) -> str:
    """Text as code in a table: line breaks and long runs of a letter are shown as such."""
    text = re.sub(r'(.)\1{49,}', lambda run: f'{run[1] * 3}…', text)
    lines = text.split('\n  ')  # several problems in a message
    escaped = (''.join(character if character.isprintable() else repr(character)[1:-1] for character in line)
               for line in lines)
    return '<br>'.join(f'`{line}`' for line in (part.replace('|', '\\|') for part in escaped) if line)


if __name__ == '__main__':
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(document(), encoding='utf-8')
    print(f'written: {DOCUMENT}, {len(rows())} rows')
