"""dataset.toml: read, checked, written and read again; facts that are stored; names and splits."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seldnet.annotations.dataset import TAU2019, Dataset, Fold
from seldnet.annotations.dataset_file import (
    dataset_of_facts,
    fact_differences,
    find_dataset,
    read_dataset,
    unused_splits,
    write_dataset,
)
from seldnet.annotations.directions import DirectionGrid
from seldnet.annotations.recording_names import NameRules
from seldnet.common.errors import InputError

OFFICE = '''name = "office"
classes = ["dog", "door", "drill", "bell"]
sample_rate_hz = 24000
'''
FOLDS = '''[[folds.dev]]
test = [1]
val = [2]
train = [2]
'''


def write(folder, text, names=()):
    """A dataset.toml, and descriptions of some names beside it."""
    (folder / 'metadata_dev').mkdir(exist_ok=True)
    for name in names:
        (folder / 'metadata_dev' / f'{name}.csv').touch()
    (folder / 'dataset.toml').write_text(text, encoding='utf-8')
    return folder / 'dataset.toml'


def test_the_example_of_the_documentation(tmp_path):
    dataset = read_dataset(write(tmp_path, OFFICE + FOLDS))
    assert (dataset.classes, dataset.sample_rate_hz) == (('dog', 'door', 'drill', 'bell'), 24000)
    assert dataset.recording_s is dataset.grid is dataset.channels is None and dataset.ambisonics == 'n3d'
    assert dataset.folds == {'dev': (Fold((1,), (2,), (2,)),), 'eval': ()}
    assert (dataset.hop_length, dataset.nb_frames) == (480, None)


def test_all_keys(tmp_path):
    dataset = read_dataset(write(tmp_path, OFFICE + 'recording_s = 30\ngrid_step_deg = 10\n'
                                 'grid_elevations_deg = [-20, 50]\nchannels = [6, 10, 26, 22]\n'
                                 'ambisonics = "sn3d"\ngrace_s = 0.5\nname_pattern = "take{number}_*"\n'
                                 '[splits]\n1 = ["take1_*"]\n2 = ["take2_*", "street"]\n'))
    assert dataset.nb_frames == 1500 and dataset.nb_samples == 720000 and dataset.grace_s == 0.5
    assert dataset.grid.elevations_deg == tuple(range(-20, 51, 10))
    assert dataset.grid.azimuths_deg == tuple(range(-180, 180, 10))
    assert (dataset.channels, dataset.ambisonics) == ((6, 10, 26, 22), 'sn3d')
    assert dataset.parse_name('take1_x.wav') == (1, None, None, 1) and dataset.parse_name('street').split == 2


def test_a_data_set_as_tau_2019_with_the_folds_of_both_modes(tmp_path):
    write_dataset(tmp_path / 'dataset.toml', TAU2019)
    assert read_dataset(tmp_path / 'dataset.toml') == TAU2019


@pytest.mark.parametrize('line', [
    'grace_s = 3600', 'grace_s = 0', 'recording_s = 86400', 'recording_s = 0.02', 'sample_rate_hz = 1000',
    'sample_rate_hz = 1_000_000', 'grid_step_deg = 180',
    'grid_step_deg = 1\ngrid_elevations_deg = [-90, 90]',
    'grid_step_deg = 90\ngrid_elevations_deg = [-90, 90]',
    'grid_step_deg = 30\ngrid_elevations_deg = [30, 30]'])
def test_values_at_the_ends_of_their_ranges_are_fine(line, tmp_path):
    kept = OFFICE.replace('sample_rate_hz = 24000\n', '') if 'rate' in line else OFFICE
    key, _, value = line.splitlines()[0].partition(' = ')
    dataset = read_dataset(write(tmp_path, f'{kept}{line}\n'))
    assert dataset.grid.step_deg == int(value) if 'grid' in key else getattr(dataset, key) == float(value)


def test_without_the_file_it_is_tau_2019(tmp_path):
    assert find_dataset(tmp_path) is find_dataset(tmp_path / 'missing', None) is TAU2019
    (tmp_path / 'own').mkdir()
    write(tmp_path / 'own', OFFICE)
    assert find_dataset(None, tmp_path / 'missing', tmp_path / 'own').name == 'office'


def test_folds_by_default_one_for_each_split_found_validated_on_the_next(tmp_path):
    path = write(tmp_path, OFFICE, ['split1_1', 'split2_1', 'split5_1', 'split5_2'])
    assert read_dataset(path).folds['dev'] == (
        Fold((1,), (2,), (5,)), Fold((2,), (5,), (1,)), Fold((5,), (1,), (2,)))
    (tmp_path / 'metadata_dev' / 'split5_1.csv').unlink()
    (tmp_path / 'metadata_dev' / 'split5_2.csv').unlink()
    (tmp_path / 'foa_eval').mkdir()
    (tmp_path / 'foa_eval' / 'split0_1.wav').touch()
    assert read_dataset(path).folds == {
        'dev': (Fold((1,), (2,), (2,)), Fold((2,), (1,), (1,))), 'eval': (Fold((0,), (1,), (2,)),)}


def test_folds_by_default_of_the_evaluation_set(tmp_path):
    (tmp_path / 'mic_eval').mkdir()
    (tmp_path / 'mic_eval' / 'split0_1.wav').touch()
    assert read_dataset(write(tmp_path, OFFICE)).folds == {'dev': (), 'eval': ()}
    assert read_dataset(write(tmp_path, OFFICE, ['split3_1'])).folds == {
        'dev': (), 'eval': (Fold((0,), (3,), (3,)),)}
    (tmp_path / 'mic_eval' / 'split0_1.wav').unlink()
    assert read_dataset(write(tmp_path, OFFICE, ['split4_1'])).folds['eval'] == ()


@pytest.mark.parametrize(('step_deg', 'elevations_deg'), [
    (180, (0,)), (60, (-60, 0, 60)), (20, tuple(range(-80, 81, 20))), (1, tuple(range(-90, 91)))])
def test_a_grid_is_of_the_whole_sphere_by_default(step_deg, elevations_deg, tmp_path):
    grid = read_dataset(write(tmp_path, f'{OFFICE}grid_step_deg = {step_deg}\n')).grid
    assert grid == DirectionGrid(step_deg, tuple(range(-180, 180, step_deg)), elevations_deg)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    path = write(tmp_path, '\ufeff' + OFFICE.replace('bell', 'Tür'))
    assert read_dataset(path).classes[-1] == 'Tür'


def test_one_split_gives_no_fold_and_the_message_says_why(tmp_path):
    dataset = read_dataset(write(tmp_path, OFFICE, ['split1_1']))
    with pytest.raises(InputError, match='no folds of mode dev, since fewer than two splits were found'):
        dataset.chosen_folds('dev')


# The lines -> the message after the file's name.
WRONG = {
    'sampel_rate_hz = 1': "unknown key 'sampel_rate_hz', did you mean 'sample_rate_hz'?",
    'hop = 1': "unknown key 'hop'",
    'sample_rate_hz = 44110': 'sample_rate_hz: found 44110, expected a whole number of Hz, a multiple of 50',
    'sample_rate_hz = "48000"': "sample_rate_hz: found '48000', expected",
    'sample_rate_hz = true': 'sample_rate_hz: found True, expected',
    'sample_rate_hz = 0': 'sample_rate_hz: found 0, expected',
    'sample_rate_hz = 950': 'sample_rate_hz: found 950, expected',
    'sample_rate_hz = 1_000_050': 'sample_rate_hz: found 1000050, expected',
    'classes = []': 'classes: found',
    'classes = ["a", "a"]': "expected different names, 'a' stands there twice",
    'classes = ["a", 1]': 'expected a list of names',
    'classes = [" a"]': 'without spaces at their ends',
    'classes = "dog"': 'expected a list of names',
    'recording_s = 0': 'expected seconds',
    'recording_s = 1.005': 'expected seconds, a multiple of 0.02',
    'recording_s = 86400.02': 'expected seconds',
    'recording_s = "60"': "recording_s: found '60', expected seconds",
    'grace_s = true': 'grace_s: found True, expected seconds, 0 or more',
    'grid_step_deg = 0': 'expected whole degrees that divide 180',
    **{f'grid_step_deg = 1\ngrid_elevations_deg = {elevations}':
       f'grid_elevations_deg: found {elevations}, expected the lowest and the highest, -90 to 90'
       for elevations in ('[-91, 10]', '[10, 91]', '[10, -10]', '[10]', '[-10, 0, 10]', '[0.5, 10]', '5')},
    'recording_s = inf': 'expected seconds',
    'recording_s = nan': 'expected seconds',
    'grid_step_deg = 7': 'expected whole degrees that divide 180',
    'grid_elevations_deg = [-10, 10]': 'found without grid_step_deg',
    'grid_step_deg = 10\ngrid_elevations_deg = [-15, 10]': 'expected multiples of grid_step_deg',
    'channels = [1, 2, 3]': 'expected 4 different channels, counted from 1',
    'channels = [0, 1, 2, 3]': 'counted from 1',
    'channels = [1, 1, 2, 3]': '4 different channels',
    'ambisonics = "N3D"': 'expected one of n3d, sn3d, fuma',
    'name_pattern = "{fold}_*"': 'expected each of {split}, {room}',
    'name_pattern = "take_*"': 'expected {split} in it, or a table',
    'name_pattern = 3': 'name_pattern: found 3, expected a text such as "fold{split}_*"',
    'name_pattern = "fold{split}_**"': 'expected fields in braces, such as {split}, and single stars for',
    'name_pattern = "fold{split}_{"': 'expected fields in braces, such as {split}, and single stars for',
    'name_pattern = "fold{split}}"': 'expected fields in braces, such as {split}, and single stars for',
    'name_pattern = "{split}_{split}"': 'expected each of {split}, {room}, {overlap}, {number} at most once',
    'grace_s = -1': 'expected seconds, 0 or more',
    'grace_s = 3601': 'expected seconds, 0 or more',
    '[splits]': 'splits: found {}, expected a table, for each split a list of names or patterns: 1 = ',
    '[splits]\n1234567890 = ["a"]': 'expected a table, for each split a list of names',
    '[splits]\none = ["a"]': 'expected a table, for each split a list of names',
    '[splits]\n1 = "a"': 'expected a table, for each split a list of names',
    '[[folds.dev]]\ntest = [1]\nval = [2]\ntrain = [1]': 'split 1 is tested and trained on',
    '[[folds.dev]]\ntest = [1]\nval = [2]': 'expected in [[folds.dev]] test, val, train',
    '[[folds.test]]\ntest = [1]\nval = [2]\ntrain = [2]': 'expected tables [[folds.dev]] or [[folds.eval]]',
    'folds = 3': 'expected tables',
    'name = 3': 'expected a text of one line',
    'name = ""': 'expected a text of one line',
    'classes = ["a", ""]': 'expected a list of names',
    'name = "a\\nb"': 'expected a text of one line',
    'x = ': 'not a TOML file',
    'a = ' + '[' * 2000: 'not a TOML file',
}


@pytest.mark.parametrize('lines', WRONG)
def test_what_is_wrong_is_named(lines, tmp_path):
    key = lines.split(' ')[0]
    kept = '\n'.join(line for line in OFFICE.splitlines() if line.split(' ')[0] != key)
    path = write(tmp_path, f'{kept}\n{lines}\n')
    with pytest.raises(InputError) as error:
        read_dataset(path)
    assert str(error.value).startswith(f'{path}: ') and WRONG[lines] in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(InputError, match='dataset.toml: classes: not found, expected beside name, sample'):
        read_dataset(write(tmp_path, 'name = "a"\nsample_rate_hz = 24000\n'))


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / 'dataset.toml').write_bytes(b'name = "\xff"')
    with pytest.raises(InputError, match='not a TOML file'):
        find_dataset(tmp_path)
    (tmp_path / 'dataset.toml').unlink()
    (tmp_path / 'dataset.toml').mkdir()
    with pytest.raises(OSError, match='dataset.toml'):  # of which scripts make one line
        find_dataset(tmp_path)


texts = st.text(st.characters(exclude_categories=['C', 'Z']), min_size=1, max_size=9)
grids = st.none() | st.builds(
    lambda step, low, high: DirectionGrid(step, tuple(range(-180, 180, step)),
                                          tuple(range(-low * step, high * step + 1, step))),
    st.sampled_from([5, 10, 20, 30]), st.integers(0, 3), st.integers(0, 3))
datasets = st.builds(
    Dataset, name=texts, classes=st.lists(texts, min_size=1, max_size=50, unique=True).map(tuple),
    folds=st.just({'dev': (Fold((1,), (2,), (3, 4)),), 'eval': ()}), grid=grids,
    sample_rate_hz=st.sampled_from([16000, 24000, 44100, 48000]),
    recording_s=st.none() | st.integers(1, 500).map(lambda frames: frames / 50),
    grace_s=st.sampled_from([0, 1, 2.5]), channels=st.none() | st.just((6, 10, 26, 22)),
    ambisonics=st.sampled_from(['n3d', 'sn3d', 'fuma']),
    names=st.sampled_from([NameRules(), NameRules('fold{split}_*'), NameRules(None, ((1, ('a', 'b*')),))]))


@given(datasets)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_again(tmp_path_factory, dataset):
    path = tmp_path_factory.mktemp('data') / 'dataset.toml'
    write_dataset(path, dataset)
    assert read_dataset(path) == dataset


@given(datasets)
@settings(max_examples=60, deadline=None)
def test_facts_are_read_again_from_json(dataset):
    facts = json.loads(json.dumps(dataset.facts()))
    again = dataset_of_facts(facts, 'a.json: dataset')
    assert again.facts() == dataset.facts() and fact_differences(facts, dataset) == []


@pytest.mark.parametrize('facts', [None, 3, [], {}, {'name': 'a'}, TAU2019.facts() | {'classes': 'x'},
                                   TAU2019.facts() | {'sample_rate_hz': None}, TAU2019.facts() | {'more': 1},
                                   TAU2019.facts() | {'channels': ['../..', 1, 2, 3]}])
def test_facts_that_are_none_are_refused(facts):
    with pytest.raises(InputError, match='^a.json: dataset'):
        dataset_of_facts(facts, 'a.json: dataset')


@pytest.mark.parametrize(('facts', 'message'), [
    ([1], 'found [1], expected the facts of a data set'),
    ({'name': 'a'}, "found ['name'], expected name, classes, grid_step_deg, grid_elevations_deg, ")])
def test_what_was_found_in_place_of_facts_is_named(facts, message):
    with pytest.raises(InputError) as error:
        dataset_of_facts(facts, 'a.json: dataset')
    assert str(error.value).startswith(f'a.json: dataset: {message}')


def test_names_and_patterns_are_written_as_they_are_read(tmp_path):
    dataset = dataclasses.replace(TAU2019, name='Büro', names=NameRules('büro{split}_*', ((1, ('tür',)),)))
    write_dataset(tmp_path / 'dataset.toml', dataset)
    text = (tmp_path / 'dataset.toml').read_text(encoding='utf-8')
    assert 'name = "Büro"' in text and 'name_pattern = "büro{split}_*"' in text and '1 = ["tür"]' in text
    write_dataset(tmp_path / 'dataset.toml', dataset, with_folds=False)
    assert 'folds' not in (tmp_path / 'dataset.toml').read_text(encoding='utf-8')


def test_differences_of_facts_in_words():
    other = dataclasses.replace(TAU2019, name='mine', classes=('b', 'a'), recording_s=None, grid=None,
                                ambisonics='sn3d')
    stored = dataclasses.replace(other, classes=('a', 'b')).facts()
    assert fact_differences(stored, other) == ['classes a, b, not b, a']
    assert fact_differences(None, TAU2019) == []
    assert [words.split()[0] for words in fact_differences(None, other)] == [
        'classes', 'grid_step_deg', 'grid_elevations_deg', 'recording_s', 'ambisonics']
    chosen = dataclasses.replace(other, channels=(1, 2, 3, 5))
    assert fact_differences(None, chosen)[-2] == 'channels none, not 1, 2, 3, 5'
    assert [words.split()[0] for words in fact_differences(None, chosen, chosen_in_extraction=False)] == [
        'classes', 'grid_step_deg', 'grid_elevations_deg', 'recording_s']
    assert fact_differences(None, other)[1:] == [
        'grid_step_deg 10, not none', 'grid_elevations_deg -40, 40, not none', 'recording_s 60, not none',
        'ambisonics n3d, not sn3d']


@pytest.mark.parametrize(('number', 'words'), [
    (20, '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19'),
    (21, '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 ... (21)')])
def test_of_many_classes_the_first_twenty_are_named(number, words):
    one, many = (dataclasses.replace(TAU2019, classes=tuple(map(str, range(nb_classes))))
                 for nb_classes in (1, number))
    assert fact_differences(many.facts(), one) == [f'classes {words}, not 0']


def test_a_long_value_is_shortened_in_messages(tmp_path):
    for length, shown in ((78, 78 * 'a' + "'"), (79, 76 * 'a' + r'\.\.\.')):
        with pytest.raises(InputError, match=f"dataset.toml: classes: found '{shown}, expected a list"):
            read_dataset(write(tmp_path, f'name = "a"\nclasses = "{length * "a"}"\n'))


def test_splits_that_no_fold_uses(tmp_path):
    dataset = read_dataset(write(tmp_path, OFFICE + FOLDS))
    names = ['split1_1', 'split2_1', 'split3_1', 'split3_2', 'else']
    assert unused_splits(names, dataset, 'dev') == {3: 2}
    assert unused_splits(['split1_1'], dataset, 'eval') == {1: 1}
    assert unused_splits(['split1_1', 'split4_2'], TAU2019, 'dev') == {}
