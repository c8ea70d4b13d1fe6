"""The demo data set: layout, reproducibility, and above all that labels say where sounds come from."""

import itertools
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyroomacoustics
import pytest
import soundfile

from cls_feature_class import Event, read_description
from misc_files import synthesize_dataset as synthesis
from parameter import (
    AZIMUTHS_DEG,
    CLASSES,
    ELEVATIONS_DEG,
    SAMPLE_RATE_HZ,
    InputError,
    parse_recording_name,
    read_json,
)

SECONDS = 20
RECORDINGS = 2
SPEED_OF_SOUND_M_S = 343
ONSET = round(0.005 * SAMPLE_RATE_HZ)  # where the samples of `isolated` have the labelled onset
# Written out once more, so that a mistake in the script is not repeated here.
CAPSULES_DEG = {0: (45, 35), 1: (-45, -35), 2: (135, -35), 3: (-135, 35)}


def direction(azi_deg, ele_deg):
    azi, ele = np.radians(azi_deg), np.radians(ele_deg)
    return np.array([np.cos(azi) * np.cos(ele), np.sin(azi) * np.cos(ele), np.sin(ele)])


def angle_deg(one, other):
    return np.degrees(np.arccos(np.clip(one @ other / np.linalg.norm(one) / np.linalg.norm(other), -1, 1)))


def contents(folder):
    files = (path for path in folder.rglob('*') if path.is_file() and path.suffix != '.lock')
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp('synthetic')
    synthesis.synthesize_dataset(folder, recordings=RECORDINGS, eval_recordings=1, seconds=SECONDS, n_jobs=1)
    return folder


@pytest.fixture(scope='module')
def recordings(dataset):
    """Events, FOA and MIC samples (float, full scale 1) of each development recording, by name."""
    read = {}
    for path in sorted((dataset / 'metadata_dev').glob('*.csv')):
        foa, mic = (soundfile.read(dataset / f'{audio_format}_dev' / f'{path.stem}.wav')[0]
                    for audio_format in ('foa', 'mic'))
        read[path.stem] = read_description(path), foa, mic
    assert len(read) == 4 * RECORDINGS
    return read


@pytest.fixture(scope='module')
def isolated(recordings):
    """(event, FOA, MIC) for each event whose first 0.1 s no other event, nor its reverberation, disturbs.

    The samples begin 5 ms before the labelled onset.
    """
    def disturbs(other, event):
        return other != event and other.start_s < event.start_s + 0.1 and event.start_s < other.end_s + 0.35

    found = []
    for events, foa, mic in recordings.values():
        for event in events:
            begin = round(event.start_s * SAMPLE_RATE_HZ) - ONSET
            end = begin + ONSET + round(0.1 * SAMPLE_RATE_HZ)
            if begin >= 0 and end <= len(foa) and not any(disturbs(other, event) for other in events):
                found.append((event, foa[begin:end], mic[begin:end]))
    assert len(found) >= 40
    return found


# ------------------------------------------------------------------------------------------------------------
# Where sounds come from
# ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize('azi_deg, ele_deg, expected', [
    # W, Y, Z, X of a plane wave of amplitude 1, N3D
    (0, 0, (1, 0, 0, 3 ** 0.5)),
    (90, 0, (1, 3 ** 0.5, 0, 0)),
    (-90, 0, (1, -(3 ** 0.5), 0, 0)),
    (-180, 0, (1, 0, 0, -(3 ** 0.5))),
    (0, 30, (1, 0, 0.75 ** 0.5, 1.5)),
    (-10, -10, (1, -0.296, -0.301, 1.680)),
])
def test_foa_gains_of_the_direct_sound(azi_deg, ele_deg, expected):
    response, = synthesis.room_responses(synthesis.ROOMS[1], [Event(0, 0, 1, azi_deg, ele_deg, 1)], 'foa')
    direct = response[:, synthesis.LEAD]
    np.testing.assert_allclose(direct / direct[0], expected, atol=2e-3)
    assert direct[0] == pytest.approx(1, abs=0.1)  # less than 1 where the arrival is between two samples


@pytest.mark.parametrize('azi_deg, ele_deg', [(40, 30), (-130, 10), (90, -40)])
def test_mic_delays_and_shadow_of_the_direct_sound(azi_deg, ele_deg):
    response, = synthesis.room_responses(synthesis.ROOMS[0], [Event(0, 0, 1, azi_deg, ele_deg, 1)], 'mic')
    for channel, capsule in CAPSULES_DEG.items():
        distance_m = np.linalg.norm(direction(azi_deg, ele_deg) - 0.042 * direction(*capsule))
        early = response[channel, :synthesis.LEAD + 40]  # before the first reflection
        delay = (distance_m - 1) / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ
        assert np.argmax(early) - synthesis.LEAD == pytest.approx(delay, abs=1)
        cosine = direction(azi_deg, ele_deg) @ direction(*capsule)
        assert early.sum() == pytest.approx((0.7 + 0.3 * cosine) / distance_m, rel=0.05)


def test_foa_intensity_at_the_onset_points_at_the_label(isolated):
    errors_deg = []
    for event, foa, _ in isolated:
        w, y, z, x = foa[ONSET:ONSET + round(0.01 * SAMPLE_RATE_HZ)].T
        intensity = np.array([w @ x, w @ y, w @ z])
        errors_deg.append(angle_deg(intensity, direction(event.azimuth_deg, event.elevation_deg)))
    assert np.median(errors_deg) < 10
    assert np.median(errors_deg) < 3  # what this simulation reaches
    assert np.percentile(errors_deg, 80) < 10


def test_mic_delays_at_the_onset_follow_from_the_label(isolated):
    measured, expected = [], []
    for event, _, mic in isolated:
        onset = mic[ONSET - round(0.003 * SAMPLE_RATE_HZ):ONSET + round(0.005 * SAMPLE_RATE_HZ)]
        spectra = np.fft.rfft(onset * np.hanning(len(onset))[:, np.newaxis], 1024, axis=0)
        source = direction(event.azimuth_deg, event.elevation_deg)
        for one, other in itertools.combinations(CAPSULES_DEG, 2):
            cross = spectra[:, one] * spectra[:, other].conj()
            correlation = np.fft.irfft(cross / (np.abs(cross) + 1e-12))  # GCC-PHAT
            lags = np.arange(-15, 16)  # samples; the largest possible one is 9.6
            measured.append(lags[np.argmax(correlation[lags])])
            baseline_m = 0.042 * (direction(*CAPSULES_DEG[one]) - direction(*CAPSULES_DEG[other]))
            expected.append(-baseline_m @ source / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ)
    measured, expected = np.array(measured), np.array(expected)
    assert np.median(np.abs(measured - expected)) < 0.7
    assert np.mean(np.abs(measured - expected) < 1.5) > 0.8
    slope = np.median(measured[np.abs(expected) > 4] / expected[np.abs(expected) > 4])
    assert slope == pytest.approx(1, abs=0.1)


def test_both_formats_hold_the_same_scene(recordings):
    for _, foa, mic in recordings.values():
        block = SAMPLE_RATE_HZ // 10
        levels_db = [10 * np.log10(np.mean(samples.reshape(-1, block, 4) ** 2, axis=(1, 2)))
                     for samples in (foa, mic)]
        assert np.corrcoef(levels_db)[0, 1] > 0.97


# ------------------------------------------------------------------------------------------------------------
# When, how loud
# ------------------------------------------------------------------------------------------------------------


def test_sound_sets_in_at_the_labelled_onset(isolated):
    abrupt = {'knock', 'keysDrop', 'keyboard', 'cough', 'doorslam', 'phone'}
    delays_s = []
    for event, foa, _ in isolated:
        if CLASSES[event.class_index] in abrupt:
            level = np.abs(foa[:ONSET + round(0.01 * SAMPLE_RATE_HZ), 0])
            delays_s.append((np.argmax(level > 0.2 * level.max()) - ONSET) / SAMPLE_RATE_HZ)
    assert len(delays_s) > 20
    assert 0 <= np.median(delays_s) < 0.0015
    assert np.max(np.abs(delays_s)) < 0.005


def test_signal_to_noise_ratio(recordings):
    for name, (events, *formats) in recordings.items():
        if parse_recording_name(name).overlap != 1:
            continue
        for samples in formats:
            power = np.mean(samples ** 2, axis=1)

            def between(start_s, end_s, power=power):
                return power[round(start_s * SAMPLE_RATE_HZ):round(end_s * SAMPLE_RATE_HZ)]

            silences = [between(one.end_s + 0.4, other.start_s - 0.002)
                        for one, other in itertools.pairwise(events)]
            noise = np.mean(np.concatenate(silences))
            snrs_db = [10 * np.log10(np.mean(between(event.start_s, event.end_s)) / noise - 1)
                       for event in events]
            assert np.mean(snrs_db) == pytest.approx(30, abs=0.7), name
            assert min(snrs_db) > 20
            assert max(snrs_db) < 40


def test_ambience_is_independent_between_channels():
    ambience = synthesis._ambience(np.random.default_rng(0), 200_000, 800)
    assert np.mean(ambience ** 2) == pytest.approx(1)
    np.testing.assert_allclose(np.corrcoef(ambience), np.eye(4), atol=0.05)


def test_nothing_is_clipped(recordings):
    for _, foa, mic in recordings.values():
        assert 0.1 < np.abs(foa).max() < 0.9
        assert 0.1 < np.abs(mic).max() < 0.9


def most_at_once(events):
    changes = sorted([(event.start_s, 1) for event in events] + [(event.end_s, -1) for event in events])
    return max(np.cumsum([change for _, change in changes]))


@pytest.mark.parametrize('overlap', [1, 2])
def test_events_are_distributed_like_the_real_ones(overlap):
    rng = np.random.default_rng(5)
    drawn = [synthesis.draw_events(rng, overlap, 60) for _ in range(150)]
    events = [event for recording in drawn for event in recording]

    # Means of the real set: 25.97 and 53.03 events.
    assert np.mean([len(recording) for recording in drawn]) == pytest.approx(26.5 * overlap, rel=0.05)
    assert {most_at_once(recording) for recording in drawn} == {overlap}
    for recording in drawn:
        layers = np.flatnonzero(np.diff([event.start_s for event in recording], prepend=np.inf, append=0) < 0)
        assert len(layers) == overlap + 1
        for first, last in itertools.pairwise(layers):
            layer = recording[first:last]
            assert 0 <= layer[0].start_s < 1
            gaps_s = [after.start_s - before.end_s for before, after in itertools.pairwise(layer)]
            assert 0.5 <= min(gaps_s) < max(gaps_s) <= 1.5
    if overlap == 1:
        assert max(event.end_s for event in events) < 59
    else:
        assert max(event.start_s for event in events) < 60 < max(event.end_s for event in events) < 63.5

    counts = np.bincount([event.class_index for event in events], minlength=len(CLASSES))
    assert min(counts) > 0.8 * np.mean(counts) and max(counts) < 1.2 * np.mean(counts)
    for name, (shortest, median, longest) in synthesis.DURATIONS_S.items():
        durations_s = [event.end_s - event.start_s for event in events if CLASSES[event.class_index] == name]
        assert shortest <= min(durations_s) and max(durations_s) <= longest
        assert np.median(durations_s) == pytest.approx(median, rel=0.07)

    assert np.mean([event.distance_m == 1 for event in events]) == pytest.approx(0.5, abs=0.04)
    near, far = ([(event.azimuth_deg, event.elevation_deg) for event in events if event.distance_m == dist_m]
                 for dist_m in (1, 2))
    assert len(near) + len(far) == len(events)
    assert set(near) | set(far) <= set(itertools.product(AZIMUTHS_DEG, ELEVATIONS_DEG))
    assert {ele for _, ele in near} == set(range(-40, 41, 10))
    assert {ele for _, ele in far} == set(range(-20, 21, 10))
    assert {azi for azi, _ in near} == {azi for azi, _ in far} == set(range(-180, 180, 10))


# ------------------------------------------------------------------------------------------------------------
# The sounds
# ------------------------------------------------------------------------------------------------------------


def fingerprint(sound):
    """Levels of half-octave bands, and how much the envelope goes up and down: crude on purpose."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    octave = np.log2(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ)[1:] / 60)
    bands = np.histogram(octave, np.arange(0, 8.5, 0.5), weights=power[1:])[0]
    envelope = np.sqrt(np.mean(sound[:len(sound) // 480 * 480].reshape(-1, 480) ** 2, axis=1))
    return np.r_[np.sqrt(bands / bands.sum()), np.std(envelope) / np.mean(envelope) / 3]


def test_eleven_sounds_are_told_apart_and_never_the_same():
    rng = np.random.default_rng(11)
    fingerprints = {}
    for name in CLASSES:
        sounds = [synthesis.make_sound(rng, name, synthesis._draw_duration_s(rng, name)) for _ in range(20)]
        fingerprints[name] = np.stack([fingerprint(sound) for sound in sounds])
        assert np.unique(fingerprints[name].round(6), axis=0).shape[0] == 20  # each a variation of its own
    known = np.stack([of_class[:10].mean(axis=0) for of_class in fingerprints.values()])
    for index, name in enumerate(CLASSES):
        distances = np.linalg.norm(fingerprints[name][10:, np.newaxis] - known, axis=2)
        recognised = np.mean(np.argmin(distances, axis=1) == index)
        assert recognised >= 0.8, f'{name}: only {recognised:.0%} of new variations are nearest to it'


@pytest.mark.parametrize('name', CLASSES)
def test_a_sound_fills_its_label(name):
    rng = np.random.default_rng(3)
    for duration_s in synthesis.DURATIONS_S[name]:
        sound = synthesis.make_sound(rng, name, duration_s)
        assert sound.shape == (round(duration_s * SAMPLE_RATE_HZ),) and np.isfinite(sound).all()
        assert sound[0] == sound[-1] == 0
        frames = np.mean(sound[:len(sound) // 960 * 960].reshape(-1, 960) ** 2, axis=1)
        assert np.mean(frames > np.mean(sound ** 2) / 100) > 0.7  # within 20 dB of its mean power
        assert np.mean(sound[len(sound) * 3 // 4:] ** 2) > np.mean(sound ** 2) / 100
        level_db = 10 * np.log10(np.mean(sound ** 2))
        assert level_db < -31 + 1e-6 and np.abs(sound).max() <= 0.25 + 1e-9
        assert level_db > -37 - 1e-6 or np.abs(sound).max() == pytest.approx(0.25)


def test_every_class_has_its_sound():
    assert tuple(synthesis.SOUNDS) == tuple(synthesis.DURATIONS_S) == CLASSES
    assert len(set(synthesis.SOUNDS.values())) == 11


# ------------------------------------------------------------------------------------------------------------
# Files
# ------------------------------------------------------------------------------------------------------------


def test_layout(dataset):
    stems = {Path(name).parent.name: [] for name in contents(dataset) if '/' in name}
    for name in contents(dataset):
        if '/' in name:
            stems[Path(name).parent.name].append(Path(name).stem)
    assert set(stems) == {'foa_dev', 'mic_dev', 'metadata_dev', 'foa_eval', 'mic_eval', 'metadata_eval'}
    assert sorted(stems['foa_dev']) == sorted(stems['mic_dev']) == sorted(stems['metadata_dev'])
    assert stems['foa_eval'] == stems['mic_eval'] == stems['metadata_eval'] == ['split0_1']
    names = [parse_recording_name(stem) for stem in stems['foa_dev']]
    assert sorted((name.split, name.number) for name in names) == list(
        itertools.product(range(1, 5), range(1, RECORDINGS + 1)))
    for audio_format in ('foa', 'mic'):
        for path in dataset.glob(f'{audio_format}_*/*.wav'):
            info = soundfile.info(path)
            assert (info.samplerate, info.channels, info.subtype) == (48000, 4, 'PCM_16')
            assert info.frames == SECONDS * 48000


def test_descriptions(dataset):
    paths = sorted(dataset.glob('metadata_*/*.csv'))
    assert len(paths) == 4 * RECORDINGS + 1
    for path in paths:
        lines = path.read_text().splitlines()
        assert lines[0] == 'sound_event_recording,start_time,end_time,ele,azi,dist'
        for line in lines[1:]:
            name, start_s, end_s, ele_deg, azi_deg, dist_m = line.split(',')
            assert name in CLASSES
            assert '.' in start_s and '.' in end_s and 0 <= float(start_s) < float(end_s)
            assert float(start_s) < SECONDS
            assert int(ele_deg) in range(-40, 41, 10) and int(azi_deg) in range(-180, 180, 10)
            assert dist_m in ('1', '2')
        overlap = parse_recording_name(path).overlap
        assert overlap is None or most_at_once(read_description(path)) <= overlap
    assert {CLASSES[event.class_index] for path in paths for event in read_description(path)} == set(CLASSES)


def test_rooms_and_overlaps_are_balanced():
    plan = synthesis.plan_recordings(10, 20)
    for split, count in ((1, 1), (2, 1), (3, 1), (4, 1), (0, 2)):
        pairs = [(name.room, name.overlap) for name in plan if name.split == split]
        assert sorted(pairs) == sorted(count * list(itertools.product(range(5), (1, 2))))
    assert {name.room for name in synthesis.plan_recordings(2, 0)} == set(range(5))


def test_sources_stand_inside_the_rooms():
    assert len(set(synthesis.ROOMS)) == 5
    for room in synthesis.ROOMS:
        size, array = np.array(room.size_m), np.array(room.array_m)
        assert (np.abs(array - size / 2) > 0.04)[:2].any()  # off the centre
        assert (array[:2] > 2).all() and (size - array)[:2].min() > 2
        assert array[2] > 2 * np.sin(np.radians(20)) and size[2] - array[2] > 2 * np.sin(np.radians(20))


def test_the_same_seed_writes_the_same_bytes_in_any_number_of_processes(tmp_path):
    options = {'recordings': 1, 'eval_recordings': 1, 'seconds': 6, 'seed': 4}
    synthesis.synthesize_dataset(tmp_path / 'one', **options, n_jobs=1)
    synthesis.synthesize_dataset(tmp_path / 'two', **options, n_jobs=2)
    synthesis.synthesize_dataset(tmp_path / 'other', **options | {'seed': 5}, n_jobs=1)
    synthesis.synthesize_dataset(tmp_path / 'mic', **options, formats=['mic'], n_jobs=1)
    one, two, other, mic = (contents(tmp_path / name) for name in ('one', 'two', 'other', 'mic'))
    assert len(one) == 5 * 3 + 1
    assert one == two
    assert one.keys() == other.keys() and not any(one[name] == other[name] for name in one)
    assert len(mic) == 5 * 2 + 1
    assert all(mic[name] == one[name] for name in mic if name != 'synthesis.json')


def test_no_two_recordings_are_alike(dataset):
    paths = sorted(dataset.glob('metadata_*/*.csv'))
    assert len({read_description(path)[0].start_s for path in paths}) == len(paths)


def test_the_simulator_s_threads_do_not_change_the_responses():
    events = [Event(0, 0, 1, 40, 10, 1), Event(0, 0, 1, -70, -20, 2)]
    responses = []
    for nb_threads in (1, 3):
        pyroomacoustics.constants.set('num_threads', nb_threads)
        responses.append(np.concatenate(synthesis.room_responses(synthesis.ROOMS[0], events, 'mic'), axis=1))
    assert np.array_equal(*responses)


def test_an_interrupted_run_is_finished_by_the_next(tmp_path, monkeypatch):
    options = {'recordings': 1, 'eval_recordings': 0, 'seconds': 6, 'formats': ['foa'], 'n_jobs': 1}
    synthesis.synthesize_dataset(tmp_path / 'whole', **options)

    make, made = synthesis.synthesize_recording, []

    def make_two(*args):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(args)
        make(*args)

    monkeypatch.setattr(synthesis, 'synthesize_recording', make_two)
    with pytest.raises(KeyboardInterrupt):
        synthesis.synthesize_dataset(tmp_path / 'broken', **options)
    assert not (tmp_path / 'broken' / 'synthesis.json').exists()
    monkeypatch.undo()

    with pytest.raises(InputError, match='seed'):  # the settings of what is half-done count too
        synthesis.synthesize_dataset(tmp_path / 'broken', **options, seed=7)
    assert synthesis.synthesize_dataset(tmp_path / 'broken', **options) == 2
    assert contents(tmp_path / 'broken') == contents(tmp_path / 'whole')


def test_a_whole_data_set_is_left_alone_and_a_damaged_one_mended(tmp_path, monkeypatch):
    options = {'recordings': 1, 'eval_recordings': 0, 'seconds': 6, 'formats': ['foa'], 'n_jobs': 1}
    assert synthesis.synthesize_dataset(tmp_path, **options) == 4
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')}
    assert synthesis.synthesize_dataset(tmp_path, **options) == 0
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')}

    before = contents(tmp_path)
    next(tmp_path.glob('foa_dev/split3_*')).unlink()
    make = synthesis.synthesize_recording

    def make_while_unfinished(*args):
        assert not (tmp_path / 'synthesis.json').exists()
        make(*args)

    monkeypatch.setattr(synthesis, 'synthesize_recording', make_while_unfinished)
    assert synthesis.synthesize_dataset(tmp_path, **options) == 1
    assert contents(tmp_path) == before


def test_recordings_of_something_else_are_never_touched(tmp_path):
    precious = tmp_path / 'mic_dev' / 'split1_ir0_ov1_1.wav'
    precious.parent.mkdir()
    precious.write_bytes(b'the real data set')
    with pytest.raises(InputError, match=r'mic_dev/ holds files .* choose another folder') as error:
        synthesis.synthesize_dataset(tmp_path, recordings=1, eval_recordings=0, formats=['foa'], n_jobs=1)
    assert str(tmp_path) in str(error.value)
    assert contents(tmp_path) == {'mic_dev/split1_ir0_ov1_1.wav': b'the real data set'}


def test_settings_are_on_record(dataset):
    record = read_json(dataset / 'synthesis.json')
    assert record['settings'] == {
        'script_version': synthesis.SCRIPT_VERSION, 'recordings': RECORDINGS, 'eval_recordings': 1,
        'seconds': SECONDS, 'seed': 2019, 'formats': ['foa', 'mic']}
    assert set(record['libraries']) == {'numpy', 'scipy', 'pyroomacoustics'}


def run_script(*args, cwd):
    command = [sys.executable, synthesis.__file__, *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def test_command_line(tmp_path):
    args = ('set', '--recordings=1', '--eval-recordings=0', '--seconds=6', '--formats', 'foa', '--n-jobs=1')
    first = run_script(*args, cwd=tmp_path)
    assert (first.returncode, first.stderr) == (0, '')  # no progress bar where stderr is no terminal
    assert first.stdout == 'set: 4 development and 0 evaluation recordings of 6 s (foa)\n'
    assert len(list((tmp_path / 'set' / 'foa_dev').iterdir())) == 4

    other = run_script(*args, '--seed', '1', cwd=tmp_path)
    assert (other.returncode, other.stdout) == (1, '')
    assert other.stderr.startswith('synthesize_dataset.py: error: set: holds another data set')
    assert other.stderr.count('\n') == 1


def test_the_second_of_two_at_once_refuses(tmp_path):
    args = ('set', '--recordings=4', '--eval_recordings=0', '--formats', 'foa', '--n_jobs=1')
    first = subprocess.Popen([sys.executable, synthesis.__file__, *args], cwd=tmp_path)
    try:
        while first.poll() is None and not list(tmp_path.glob('set/metadata_dev/*.csv')):
            time.sleep(0.01)
        second = run_script(*args, cwd=tmp_path)
        assert first.poll() is None
        assert (second.returncode, second.stdout) == (1, '')
        assert second.stderr == ('synthesize_dataset.py: error: set/.synthesis.lock: another process is '
                                 'synthesizing into set; wait until it has finished, or stop it\n')
    finally:
        first.terminate()
        assert first.wait() == 143


@pytest.mark.parametrize('args', [
    ['--seconds', '5'], ['--recordings', '0'], ['--recordings', 'x'], ['--seed', '-1'], ['--formats', 'wxyz'],
    ['--n_jobs', '0'], ['--unknown', '1']])
def test_wrong_arguments_end_with_status_2(tmp_path, args):
    with pytest.raises(SystemExit) as error:
        synthesis.main([str(tmp_path / 'set'), *args])
    assert error.value.code == 2
    assert not (tmp_path / 'set').exists()


def test_the_shortest_recording_has_an_event():
    for seed in range(300):
        assert synthesis.draw_events(np.random.default_rng(seed), 1, synthesis.MIN_SECONDS)
