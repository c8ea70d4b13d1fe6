"""batch_feature_extraction.py: the golden set through it, its arguments, and Dask."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small_datasets import SHORT, make_data, recording_set, stored

import batch_feature_extraction
from cls_feature_class import FeatureClass
from seldnet.common.errors import InputError
from seldnet.extraction.arrays import open_features, open_labels
from seldnet.extraction.stages import extract

GOLDEN = Path(__file__).parents[1] / 'golden'
SCRIPT = Path(batch_feature_extraction.__file__)


@pytest.fixture
def data(tmp_path):
    """Folder of three recordings with descriptions."""
    return make_data(tmp_path / 'data')


def test_golden_set_through_the_script(tmp_path, golden, capsys):
    """At full length, with two workers and with one: the same to the bit, and the numbers of 2019."""
    shutil.copytree(GOLDEN / 'wav', tmp_path / 'data')
    (tmp_path / 'data' / 'metadata_dev').mkdir()
    shutil.copy(GOLDEN / 'description' / 'split1_ir0_ov1_1.csv', tmp_path / 'data' / 'metadata_dev')
    (tmp_path / 'data' / 'metadata_dev' / 'split2_ir3_ov2_47.csv').touch()
    arguments = ['script', '4', '--dataset_dir', str(tmp_path / 'data')]
    for n_jobs in '1', '2':
        out = tmp_path / f'out{n_jobs}'
        options = ['--feat_label_dir', str(out), '--n_jobs', n_jobs]
        assert batch_feature_extraction.main([*arguments, *options]) == 0
        printed = capsys.readouterr()
        assert printed.out.startswith('foa_dev and foa_eval: 3 of 3 recordings extracted, 296 MB written to ')
        assert not printed.err  # no bar where nobody watches
    assert stored(tmp_path / 'out1') == stored(out)

    assert batch_feature_extraction.main([*arguments, '--feat_label_dir', str(out)]) == 0
    done, after = capsys.readouterr().out.split('\n', 1)
    assert done == f'foa_dev and foa_eval: nothing to do, all 3 recordings are up to date in {out}'
    assert after == f'Next:\n  python seld.py 4 --dataset_dir {arguments[-1]} --feat_label_dir {out}\n'

    expected = golden('features')
    with np.load(out / 'foa_wts.npz', allow_pickle=False) as scaler:
        scale = scaler['scale']
        for name in 'mean', 'var', 'scale':
            np.testing.assert_allclose(scaler[name], expected[f'scaler_{name}'], rtol=1e-6, atol=1e-12)
    for path in out.glob('foa_*_norm/*.npy'):
        name = path.stem
        assert path.stat().st_size == 3000 * 8192 * 4 + 128
        rows = open_features(path)
        assert rows.shape == tuple(expected[f'{name}/shape'])
        error = np.abs(rows[expected['rows']] - expected[f'{name}/normalized'])
        turn = 2 * np.pi / scale[4096:]  # the phases of frame 0 are pi or -pi by rounding
        error[0, 4096:] = np.minimum(error[0, 4096:], np.abs(error[0, 4096:] - turn))
        assert error.max() < 2e-3
    labels = open_labels(out / 'foa_dev_label' / 'split1_ir0_ov1_1.npy')
    azimuths, elevations = golden('labels')['split1_ir0_ov1_1/azi'], golden('labels')['split1_ir0_ov1_1/ele']
    np.testing.assert_array_equal(labels[:, 11:], np.hstack([azimuths, elevations]))
    assert not (out / 'foa_eval_label').exists()
    for is_eval in False, True:
        FeatureClass('', out, 'foa', is_eval).check_ready()


def test_what_is_missing_is_one_error(tmp_path):
    done = subprocess.run([sys.executable, str(SCRIPT), '2'], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr == ('batch_feature_extraction.py: error: 2 problems:\n'
                           '  data/mic_dev: no such folder of recordings; set dataset_dir\n'
                           '  data/metadata_dev: no such folder of descriptions\n')


@pytest.mark.parametrize('arguments, message', [
    (['77'], "unknown task id '77', expected one of 1, 2"),
    (['1', '--feature_dtype', 'float64'], "setting feature_dtype: got 'float64', expected one of float32"),
    (['1', '--n_jobs', '0'], 'n_jobs 0, expected a number of processes, or -1 for one a core'),
])
def test_wrong_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        batch_feature_extraction.main(['script', *arguments])


def test_dask_that_is_not_installed(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'distributed', None)
    with pytest.raises(InputError, match=r"--dask: Dask is not installed, run `pip install 'dask\[distr"):
        batch_feature_extraction.main(['script', '--dataset_dir', str(data), '--dask', 'tcp://127.0.0.1:1'])


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same(data, tmp_path, capsys):
    """Its workers were started elsewhere, and know nothing of this project."""
    from distributed import LocalCluster

    extract([recording_set(data, tmp_path / 'here')])
    with LocalCluster(n_workers=0, host='127.0.0.1', dashboard_address=None) as cluster:
        command = [sys.executable, '-m', 'distributed.cli.dask_worker', cluster.scheduler_address,
                   '--no-nanny', '--nthreads', '1', '--no-dashboard', '--local-directory', str(tmp_path)]
        workers = [subprocess.Popen(command, cwd=tmp_path) for _ in range(2)]
        try:
            cluster.get_client().wait_for_workers(2, timeout=60)
            arguments = ['--dataset_dir', str(data), '--feat_label_dir', str(tmp_path / 'there')]
            batch_feature_extraction.main(['script', *arguments, '--dask', cluster.scheduler_address],
                                          dataset=SHORT)
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait()
    assert '3 of 3 recordings extracted' in capsys.readouterr().out
    assert stored(tmp_path / 'here') == stored(tmp_path / 'there')


def test_a_data_set_of_other_facts(data, tmp_path, capsys):
    arguments = ['script', '--dataset_dir', str(data), '--feat_label_dir', str(tmp_path / 'out'),
                 '--n_jobs', '1']
    assert batch_feature_extraction.main(arguments, dataset=SHORT) == 0
    assert capsys.readouterr().out.startswith('foa_dev: 3 of 3 recordings extracted, 10 MB written to ')
    extract([recording_set(data, tmp_path / 'here')])
    assert stored(tmp_path / 'out') == stored(tmp_path / 'here')
