"""Whose a folder of predictions is, and who may write to it."""

import dataclasses
import json

import pytest
from tiny_training import DATASET

import parameter
from seldnet.common.errors import InputError
from seldnet.training.output_folder import OutputFolder, changed_settings


@pytest.fixture
def of_job(tmp_path):
    """A function to the output folder of a job with some settings."""
    def make(job, **settings):
        params = parameter.get_params('1', **({'quick_test': False} | settings))
        return OutputFolder(tmp_path / '1_foa_dev', '1', job, params, DATASET)
    return make


def predict(output, *names, claim=(1, 2, 3, 4), overwrite=False):
    """What a job does to its folder: claims it, and later writes."""
    output.claim(claim, overwrite=overwrite)
    with output.writing() as folder:
        for name in names:
            (folder / f'{name}.csv').write_text('0,0,0,0\n')


def names(output):
    return sorted(path.stem for path in output.folder.glob('*.csv'))


def test_predictions_of_a_job_and_its_settings(of_job):
    predict(of_job('job', seed=3), 'split1_1')
    predict(of_job('job', seed=3), 'split2_1')
    assert names(of_job('job')) == ['split1_1', 'split2_1']
    saved = json.loads((of_job('job').folder / 'settings.json').read_text())
    assert (saved['task'], saved['job'], saved['params']['seed']) == ('1', 'job', 3)


def test_predictions_of_other_classes_are_of_another_job(of_job):
    predict(of_job('job'), 'split1_1', 'split2_1')
    saved = json.loads((of_job('job').folder / 'settings.json').read_text())
    assert saved['dataset_facts'] == DATASET.facts()
    of_job('job').refuse_others(overwrite=False)
    other = dataclasses.replace(of_job('job'), dataset=dataclasses.replace(
        DATASET, classes=DATASET.classes[::-1]))
    with pytest.raises(InputError, match="is for the predictions of job 'job' with classes knock,"):
        other.refuse_others(overwrite=False)
    predict(other, 'split1_1', claim=[1], overwrite=True)
    assert names(other) == ['split1_1']  # that of split 2 went: a folder is scored as a whole


def test_a_folder_that_is_missing_or_empty_is_free(of_job):
    of_job('job').refuse_others(overwrite=False)
    of_job('job').folder.mkdir()
    (of_job('job').folder / 'notes.csv').touch()
    of_job('job').refuse_others(overwrite=False)
    assert names(of_job('job')) == ['notes']


def test_predictions_of_another_job_are_not_overwritten_but_those_of_a_quick_test_are(of_job):
    predict(of_job('quick', quick_test=True), 'split1_1')
    predict(of_job('first'), 'split2_1')
    assert names(of_job('first')) == ['split2_1']
    message = "is for the predictions of job 'first'; choose another dcase_dir"
    with pytest.raises(InputError, match=message):
        of_job('second').refuse_others(overwrite=False)
    with pytest.raises(InputError, match=message):
        of_job('second').claim([1], overwrite=False)
    assert names(of_job('first')) == ['split2_1']


def test_overwriting_takes_the_folder_but_no_files_of_the_user(of_job):
    predict(of_job('first'), 'split1_1', 'split2_1')
    (of_job('first').folder / 'notes.csv').write_text('mine')
    predict(of_job('second'), 'split4_1', claim=[4], overwrite=True)
    assert names(of_job('second')) == ['notes', 'split4_1']


def test_overwriting_a_fold_removes_its_predictions_and_no_others(of_job):
    predict(of_job('job'), 'split1_1', 'split2_1')
    of_job('job').claim([1], overwrite=True)
    assert names(of_job('job')) == ['split2_1']


def test_predictions_of_other_settings_are_not_mixed_in(of_job):
    predict(of_job('job'), 'split1_1')
    predict(of_job('job', patience=7), 'split2_1')  # which changes no prediction
    with pytest.raises(InputError, match="1_foa_dev: is for the predictions of job 'job' with seed 2019; "):
        predict(of_job('job', seed=5))


def test_predictions_of_unknown_origin_are_not_mixed_in(of_job):
    output = of_job('job')
    output.folder.mkdir()
    (output.folder / 'split3_ir0_ov1_9.csv').write_text('0,0,0,0\n')
    with pytest.raises(InputError, match='1_foa_dev: is for predictions that do not say whose they are'):
        output.refuse_others(overwrite=False)
    predict(output, overwrite=True)
    assert names(output) == []


def test_a_folder_that_was_taken_meanwhile(of_job):
    of_job('slow').claim([2], overwrite=False)
    predict(of_job('other'), 'split1_1', overwrite=True)
    with (pytest.raises(InputError, match='1_foa_dev: another job has taken this folder; the model is kept'),
          of_job('slow').writing()):
        pass
    assert names(of_job('other')) == ['split1_1']


@pytest.mark.parametrize('content', ['[]', '{"job": "job"}', '{"job": "job", "params": 3}', '{'])
def test_settings_of_something_else(of_job, content):
    of_job('job').folder.mkdir()
    (of_job('job').folder / 'settings.json').write_text(content)
    with pytest.raises(InputError, match=r'settings\.json: (.*expected a table with|not a JSON file)'):
        of_job('job').refuse_others(overwrite=False)


def test_which_settings_may_change():
    params = parameter.get_params('1')
    changed = dict.fromkeys(params, 'other')
    must_stay = changed_settings(params, changed)
    assert {'seed', 'learning_rate', 'model_variant', 'feature_dtype', 'quick_test'} <= set(must_stay)
    assert not {'nb_epochs', 'patience', 'dataset_dir', 'model_dir', 'dcase_dir', 'n_jobs',
                'save_scores'} & set(must_stay)
    came_later = ('schedule', 'rotate', 'test_rotations', 'threshold')  # saved by a version without any
    assert changed_settings({}, params) == [name for name in must_stay if name not in came_later]


def test_settings_that_came_later_do_not_keep_an_earlier_run_from_going_on():
    params = parameter.get_params('1')
    earlier = {name: value for name, value in params.items()
               if name not in ('schedule', 'rotate', 'test_rotations', 'threshold')}
    assert changed_settings(earlier, params) == []
    assert changed_settings(earlier, params | {'schedule': 'cosine'}) == ['schedule']
    assert changed_settings({}, params)[0] == 'quick_test'
