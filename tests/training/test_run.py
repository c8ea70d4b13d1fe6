"""A run's files: what is kept of its rounds, when it is over, what a start or a resumption refuses."""

import dataclasses
import json
import math
import shutil

import numpy as np
import pytest
import tiny_training
from tiny_training import DATASET, write_scaler

from seldnet.common.errors import InputError
from seldnet.common.files import write_json
from seldnet.methods.registry import METHODS
from seldnet.training import summary
from seldnet.training.history import is_better, write_history

NAME = '1_job_foa_dev_split1'


class Model:
    """Stands for a network: what is written of it is its round."""

    def __init__(self, round_number):
        self.round_number = round_number

    def save(self, path):
        path.write_text(f'round {self.round_number}')


@pytest.fixture
def make_run(tiny_features, tmp_path, empty_curves):
    """A function to a run whose files go to tmp_path; options as of `tiny_training.make_run`."""
    def make(*, features=tiny_features, **options):
        run = tiny_training.make_run(tmp_path, features, **options)
        (tmp_path / 'models').mkdir(exist_ok=True)
        return run
    return make


@pytest.fixture
def features(tiny_features, tmp_path):
    """A copy of the tiny features, which a test may change."""
    return shutil.copytree(tiny_features, tmp_path / 'features')


def scores(seld):
    return {'training_loss': 1.0, 'validation_loss': 1.0, 'ER': 1.0, 'F': 0.0, 'DOA': 0.0, 'FR': 0.0,
            'SELD': seld, 'predicted_peaks': 1, 'good_frames': 0, 'seconds': 1.5}


def train(run, *seld_scores, overwrite=False):
    """Rounds with these scores, as seld.py makes them, until the run is over; the state."""
    run.prepare(overwrite=overwrite)
    state = run.load_state()
    for seld in seld_scores:
        if run.is_over(state):
            break
        number = len(state['history']) + 1
        state['history'].append({'round': number, **scores(seld)})
        if is_better(state['history'][-1], state):
            state['best_round'] = number
        run.save_round(Model(number), state)
    return state


def finish(run, state):
    state['results'] = {'validation': state['history'][0], 'test': None}
    run.finish(state)


# ---- names and facts ----


def test_names_and_seeds_of_the_folds(make_run, tmp_path):
    runs = [make_run(test_split=split, seed=7) for split in (1, 2, 3, 4)]
    assert [run.name for run in runs] == [f'1_job_foa_dev_split{split}' for split in (1, 2, 3, 4)]
    assert [run.seed for run in runs] == [8, 9, 10, 11]
    assert runs[0].path('_model.keras') == tmp_path / 'models' / f'{NAME}_model.keras'
    assert {run.folds_figure.name for run in runs} == {'1_job_foa_dev_folds.png'}
    assert {run.output.folder for run in runs} == {tmp_path / 'results' / '1_foa_dev'}


def test_a_quick_test_has_two_rounds_and_says_so(make_run):
    assert make_run().nb_rounds == 50
    assert make_run(quick_test=True).nb_rounds == 2
    assert summary.quick_test_lines(make_run().params) == []
    line, = summary.quick_test_lines(make_run(quick_test=True).params)
    assert 'Its scores mean nothing' in line


# ---- rounds ----


def test_patience_is_strictly_more_rounds(make_run):
    state = train(make_run(nb_epochs=20, patience=2), *[0.5] * 20)
    assert len(state['history']) == 1 + 3  # the first is the best; 3 rounds in a row brought nothing


def test_a_run_is_over_after_its_rounds(make_run):
    assert len(train(make_run(nb_epochs=3, patience=9), *[0.5] * 20)['history']) == 3


def test_the_best_round_is_kept(make_run):
    run = make_run(nb_epochs=5, patience=9)
    kept = []
    for number, seld in enumerate((0.9, 0.4, 0.7, math.nan, 0.4), 1):
        state = train(run, seld)
        kept.append((state['best_round'], run.path('_model.keras').read_text()))
        assert len(state['history']) == number
    assert kept == [(1, 'round 1'), *[(2, 'round 2')] * 4]


def test_any_number_is_better_than_none(make_run):
    assert train(make_run(), math.nan, 0.9, math.nan)['best_round'] == 2


SILENT = {'predicted_peaks': 0, 'ER': 1.0, 'F': 0.0, 'DOA': math.nan, 'FR': 0.6, 'SELD': math.nan}
HEARD = {'predicted_peaks': 9, 'ER': 1.0, 'F': 0.1, 'DOA': 80.0, 'FR': 0.5, 'SELD': 0.711}


def test_silence_is_the_better_round_by_the_rule_of_2019_alone():
    """It has no DOA error: 2019 counted 0 degrees, as if every direction had been found."""
    after_silence, after_sound = ({'history': [first], 'best_round': 1} for first in (SILENT, HEARD))
    assert not is_better(HEARD, after_silence, 0.0) and is_better(SILENT, after_sound, 0.0)
    assert is_better(HEARD, after_silence, 180.0) and not is_better(SILENT, after_sound, 180.0)
    assert {name: method.doa_error_if_silent for name, method in METHODS.items()} == {
        'released': 0, 'paper': 180, 'accdoa': 180}


def test_a_run_of_an_earlier_version_whose_best_round_is_silent_goes_on():
    """Its silent rounds have a DOA error of 0 in their history."""
    earlier = {'history': [{**SILENT, 'DOA': 0.0, 'SELD': 0.6}], 'best_round': 1}
    assert is_better(HEARD, earlier, 180.0) and not is_better(HEARD, earlier, 0.0)


def test_the_table_of_a_run_that_began_with_an_earlier_version(tmp_path):
    """Which noted less of a round."""
    write_history(tmp_path / 'a.csv', [{'round': 1, 'ER': 1}, {'round': 2, 'ER': 0.5, 'learning_rate': 0.1}])
    assert (tmp_path / 'a.csv').read_text().splitlines() == ['round,ER,learning_rate', '1,1,', '2,0.5,0.1']


def test_files_after_a_round_and_after_the_last(make_run, tmp_path):
    run = make_run()
    state = train(run, 0.9, 0.4)
    files = {path.name.removeprefix(NAME) for path in (tmp_path / 'models').iterdir()}
    common = {'_model.keras', '.png', '.json', '_wts.npz', '_metrics.csv', '_state.json'}
    assert files == common | {'_round2.keras'}
    assert run.load_state() == state
    assert run.path('_metrics.csv').read_text().count('\n') == 1 + 2
    finish(run, state)
    assert {path.name.removeprefix(NAME) for path in (tmp_path / 'models').iterdir()} == files
    assert run.load_state()['results'] == state['results']


def test_predictions_that_are_missing(make_run):
    run, names = make_run(), ['a.npy', 'b.npy']
    run.output.folder.mkdir(parents=True)
    (run.output.folder / 'a.csv').touch()
    assert run.lacks_predictions(names) and not run.lacks_predictions(names[:1])
    assert not make_run(dcase_output=False).lacks_predictions(names)


def test_histories_of_the_folds_that_are_trained(make_run):
    for split in (3, 1):
        train(make_run(test_split=split), 0.5, 0.4)
    histories = summary.histories_of_all_folds(make_run(test_split=4))
    assert list(histories) == ['test split 1', 'test split 3']
    assert [row['SELD'] for row in histories['test split 1']] == [0.5, 0.4]


# ---- what is there already ----


def test_what_a_start_and_a_resumption_need(make_run):
    run = make_run()
    run.check_existing(resume=False)
    run.prepare(overwrite=False)
    run.check_existing(resume=False)  # nothing to lose before the first round
    train(run, 0.5)
    run.check_existing(resume=True)
    with pytest.raises(InputError, match=r'split1.json: this run exists; --resume .* --overwrite .* another'):
        run.check_existing(resume=False)


def test_resuming_with_other_settings_is_refused(make_run, tmp_path):
    train(make_run(), 0.5)
    make_run(nb_epochs=90, patience=3, dcase_dir=tmp_path, tensorboard=True).check_existing(resume=True)
    with pytest.raises(InputError, match='started with learning_rate 0.001, not 0.01; seed 2019, not 5; '):
        make_run(learning_rate=0.01, seed=5).check_existing(resume=True)


def test_resuming_with_other_features_is_refused(make_run, features):
    train(make_run(features=features), 0.5)
    write_scaler(features, np.ones(tiny_training.NB_COLUMNS))
    with pytest.raises(InputError, match='split1_wts.npz: this run was started with other features'):
        make_run(features=features).check_existing(resume=True)


@pytest.mark.parametrize(('change', 'words'), [
    ({'classes': DATASET.classes[::-1]}, 'classes knock, drawer,.* not laughter, doorslam'),
    ({'classes': (*DATASET.classes, 'bell')}, 'classes knock,.* laughter, bell'),
    ({'sample_rate_hz': 24000}, 'sample_rate_hz 1600, not 24000'),
    ({'recording_s': None}, r'recording_s 6\.0, not none'),
    ({'channels': (4, 3, 2, 1)}, 'channels none, not 4'),
    ({'ambisonics': 'fuma'}, 'ambisonics n3d, not fuma'), ({'grid': None}, 'grid_step_deg 10, not none')])
def test_resuming_with_another_data_set_is_refused(make_run, change, words):
    run = make_run()
    train(run, 0.5)
    assert json.loads(run.path('.json').read_text())['dataset_facts'] == DATASET.facts()
    other = dataclasses.replace(run, dataset=dataclasses.replace(DATASET, **change))
    with pytest.raises(InputError, match=f'split1.json: this run was started with another data set: {words}'):
        other.check_existing(resume=True)
    renamed = dataclasses.replace(run, dataset=dataclasses.replace(DATASET, name='mine'))
    renamed.check_existing(resume=True)


@pytest.mark.parametrize('facts', [5, [], {'classes': 3}, DATASET.facts() | {'classes': 'abc'}])
def test_resuming_with_facts_that_are_none(make_run, facts):
    run = make_run()
    train(run, 0.5)
    saved = json.loads(run.path('.json').read_text()) | {'dataset_facts': facts}
    run.path('.json').write_text(json.dumps(saved))
    with pytest.raises(InputError, match='split1.json: dataset_facts: '):
        run.check_existing(resume=True)


def test_resuming_without_the_model_is_refused(make_run):
    run = make_run()
    state = train(run, 0.5)
    run.checkpoint(1).unlink()
    with pytest.raises(InputError, match=r'split1_round1\.keras: no such model; train it again'):
        run.check_existing(resume=True)
    short = make_run(nb_epochs=1)
    finish(short, state)
    short.check_existing(resume=True)  # a finished run needs none, unless it is to have more rounds
    with pytest.raises(InputError, match='kept none of a finished run; .* --initial_model .*_model.keras$'):
        make_run(nb_epochs=2).check_existing(resume=True)


@pytest.mark.parametrize('content', ['[]', '{}', '{"history": []}', '{"params": 3}', '{'])
def test_a_state_of_something_else(make_run, content):
    run = make_run()
    run.path('_state.json').write_text(content)
    with pytest.raises(InputError, match=r'split1_state\.json: (found .*, expected a |not a JSON file)'):
        run.load_state()


@pytest.mark.parametrize('changes', [
    {'best_round': 3}, {'best_round': None}, {'history': [{'round': 2, **scores(0.5)}]},
    {'history': [], 'best_round': None,
     'results': {'validation': {'round': 1, **scores(0.5)}, 'test': None}}])
def test_a_state_that_contradicts_itself(make_run, changes):
    run = make_run()
    state = {'history': [{'round': 1, **scores(0.5)}], 'best_round': 1, 'results': None}
    write_json(run.path('_state.json'), state)
    assert run.load_state() == state
    write_json(run.path('_state.json'), state | changes)
    with pytest.raises(InputError, match=r'split1_state\.json: (history|best_round|results): found .*, '):
        run.load_state()


@pytest.mark.parametrize('stored', ['null', 'NaN'])
def test_scores_that_are_undefined_come_back(make_run, stored):
    """JSON has no NaN; versions before this one wrote one nevertheless."""
    run = make_run()
    train(run, 0.5)
    path = run.path('_state.json')
    path.write_text(path.read_text().replace('"DOA": 0.0', f'"DOA": {stored}'))
    state = run.load_state()
    assert math.isnan(state['history'][0]['DOA'])
    write_json(path, state)
    assert 'NaN' not in path.read_text() and math.isnan(run.load_state()['history'][0]['DOA'])


def test_resuming_without_the_best_model_is_refused(make_run):
    run = make_run(nb_epochs=1)
    finish(run, train(run, 0.5))
    run.check_existing(resume=True)
    run.path('_model.keras').unlink()
    with pytest.raises(InputError, match=r'split1_model\.keras: missing, but .*split1_state.json has 1 r'):
        run.check_existing(resume=True)


@pytest.mark.parametrize('split', [1, 2, 3])
def test_resuming_with_other_labels_is_refused(make_run, features, split):
    run = make_run(features=features)
    train(run, 0.5)
    run.check_existing(resume=True)
    path = features / 'foa_dev_label' / f'split{split}_ir0_ov1_0.npy'
    np.save(path, 1 - np.load(path))
    with pytest.raises(InputError, match=r'split1\.json: this run was started with other labels'):
        run.check_existing(resume=True)
    settings = json.loads(run.path('.json').read_text())
    del settings['data']  # an earlier version
    write_json(run.path('.json'), settings)
    run.check_existing(resume=True)


def test_overwriting_removes_what_there_is_of_this_run(make_run, tmp_path):
    train(make_run(test_split=2), 0.5)
    others = set((tmp_path / 'models').iterdir())
    run = make_run()
    train(run, 0.5)
    run.path('_tensorboard').mkdir()
    run.prepare(overwrite=True)
    left = {path.name for path in set((tmp_path / 'models').iterdir()) - others}
    assert left == {f'{NAME}.json', f'{NAME}_wts.npz'}
    assert others <= set((tmp_path / 'models').iterdir())


# ---- provenance ----


def test_what_numbers_depend_on_is_noted(make_run, tiny_features):
    run = make_run(nb_epochs=2)
    assert run.prepare(overwrite=False) == []
    saved = json.loads(run.path('.json').read_text())
    assert (saved['task'], saved['job']) == ('1', 'job')
    assert saved['fold'] == {'test': [1], 'val': [2], 'train': [3, 4]}
    assert saved['params'] == run.params and saved['versions'] == {'keras': '3'} and 'git' in saved
    assert run.path('_wts.npz').read_bytes() == (tiny_features / 'foa_wts.npz').read_bytes()


def test_resuming_with_other_versions_is_noted_once(make_run):
    train(make_run(), 0.5)
    assert make_run().prepare(overwrite=False) == []
    assert 'resumed' not in json.loads(make_run().path('.json').read_text())
    other = make_run(nb_epochs=2, patience=0, find_versions=lambda: {'keras': '99'})
    assert other.prepare(overwrite=False)[2:] == [
        f"{NAME}: resumed with other versions, {{'keras': '99'}} after {{'keras': '3'}}: numbers may differ "
        'from those of an undisturbed run']
    assert other.prepare(overwrite=False) == []  # once, not every time
    saved = json.loads(other.path('.json').read_text())
    assert [resumption['versions'] for resumption in saved['resumed']] == [{'keras': '99'}]
    assert saved['params']['nb_epochs'] == 2 and saved['versions'] == {'keras': '3'}


def test_nothing_is_added_to_a_finished_run(make_run):
    run = make_run(nb_epochs=2)
    finish(run, train(run, 0.5, 0.4))
    before = run.path('.json').read_bytes()
    for rounds in (1, 2):
        resumed = make_run(nb_epochs=rounds, find_versions=lambda: {'keras': '99'})
        assert resumed.prepare(overwrite=False) == []
    assert run.path('.json').read_bytes() == before


def test_a_finished_run_goes_on_with_more_rounds_or_patience(make_run):
    run = make_run(nb_epochs=2, patience=5)
    state = train(run, 0.5, 0.6)
    assert run.is_over(state) and not run.is_finished(state)
    finish(run, state)
    assert run.is_finished(state) and not make_run(nb_epochs=3, patience=5).is_finished(state)
    impatient = make_run(nb_epochs=9, patience=0)
    assert impatient.is_finished(state) and not make_run(nb_epochs=9, patience=1).is_finished(state)
    more = make_run(nb_epochs=3, patience=5)
    more.check_existing(resume=True)
    assert more.prepare(overwrite=False) == [f'{NAME}: nb_epochs 2 before, 3 from round 3 on']
    resumed, = json.loads(more.path('.json').read_text())['resumed']
    assert (resumed['after_round'], resumed['changed']) == (2, {'nb_epochs': [2, 3]})


def test_a_lower_learning_rate_is_noted_and_a_higher_one_refused(make_run):
    train(make_run(), 0.5)
    lower = make_run(learning_rate=1e-4)
    lower.check_existing(resume=True)
    assert lower.prepare(overwrite=False) == [
        f'{NAME}: learning_rate 0.001 before, 0.0001 from round 2 on']
    assert lower.prepare(overwrite=False) == []
    saved = json.loads(lower.path('.json').read_text())
    assert saved['params']['learning_rate'] == 1e-4
    assert [resumption['changed'] for resumption in saved['resumed']] == [{'learning_rate': [1e-3, 1e-4]}]
    with pytest.raises(InputError, match='started with learning_rate 0.0001, not 0.001; .* may be lower'):
        make_run().check_existing(resume=True)


def test_where_a_run_started_stays_in_its_settings(make_run):
    train(make_run(initial_model='a.keras'), 0.5)
    resumed = make_run(nb_epochs=60)
    resumed.check_existing(resume=True)
    resumed.prepare(overwrite=False)
    assert json.loads(resumed.path('.json').read_text())['params']['initial_model'] == 'a.keras'


def test_names_come_from_the_data_set(make_run):
    class OtherDataset(type(DATASET)):
        def set_name(self, audio_format, mode):
            return f'own_{mode}'
    own = OtherDataset(**{field.name: getattr(DATASET, field.name) for field in dataclasses.fields(DATASET)})
    assert dataclasses.replace(make_run(), dataset=own).name == '1_job_own_dev_split1'
