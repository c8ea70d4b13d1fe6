"""No file of the project's formats can bring code: nothing is unpickled, whatever a file says that it is."""

import functools
import pickle
import shutil
import zipfile

import joblib
import numpy as np
import pytest
import workplace

STORED = ['features/foa_wts.npz', 'features/foa_dev_norm/split3_ir0_ov1_3.npy',
          'features/foa_dev_label/split3_ir0_ov1_3.npy', 'features/foa_dev_moments/split3_ir0_ov1_3.npy',
          'features/foa_dev_state.json', 'models/tiny_job_foa_dev_split1_model.keras',
          'models/tiny_job_foa_dev_split1_wts.npz', 'models/tiny_job_foa_dev_split1.json',
          'models/tiny_job_foa_dev_split1_state.json', 'results/tiny_foa_dev/split1_ir0_ov1_1.csv',
          'results/tiny_foa_dev/settings.json', 'data/metadata_dev/split1_ir0_ov1_1.csv']
READERS = ['batch_feature_extraction.py tiny', 'seld.py tiny new --split 1 --dcase_output False',
           'seld.py tiny job --split 1 --resume --nb_epochs 3',
           'calculate_SELD_metrics.py --task tiny --allow-missing',
           'misc_files/predict_recording.py models/tiny_job_foa_dev_split1_model.keras data/foa_dev '
           '--output new',
           'misc_files/visualize_SELD_output.py --task tiny results/tiny_foa_dev --output pictures']


@pytest.fixture
def no_pickle(monkeypatch):
    """The loaders that can run code fail, and numpy's must be called so that it cannot."""
    def refuse(*args, **kwargs):
        raise AssertionError('a pickle is loaded')
    for owner, name in ((pickle, 'load'), (pickle, 'loads'), (pickle, 'Unpickler'), (joblib, 'load')):
        monkeypatch.setattr(owner, name, refuse)

    @functools.wraps(np.load)
    def checked_load(*args, load=np.load, **kwargs):
        assert kwargs.get('allow_pickle') is False
        return load(*args, **kwargs)
    monkeypatch.setattr(np, 'load', checked_load)


@pytest.mark.slow
def test_a_whole_run_unpickles_nothing(place, no_pickle):
    shutil.rmtree(place / 'features')
    for command in ('batch_feature_extraction.py tiny', 'seld.py tiny job --split 1 --overwrite', *READERS):
        outcome = workplace.run(command, place)
        assert outcome.status == 0, outcome


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')


def pickled_bombs(bomb):
    """A bomb in all the wrappings that some loader might open."""
    plain = pickle.dumps(bomb)
    header = b"\x93NUMPY\x01\x00F\x00{'descr': '|O', 'fortran_order': False, 'shape': (), }".ljust(79) + b'\n'
    return {'pickle': plain, 'array': header + plain, 'archive': header + plain}


WRAPPINGS = {'.npy': 'array', '.npz': 'archive', '.keras': 'archive'}
CASES = [(name, wrapping) for name in STORED
         for wrapping in ('pickle', WRAPPINGS.get('.' + name.rpartition('.')[2])) if wrapping]


@pytest.mark.parametrize(('name', 'wrapping'), CASES)
def test_a_pickle_in_its_place_is_not_run(place, tmp_path, name, wrapping):
    bomb = tmp_path / 'exploded'
    content = pickled_bombs(Bomb(bomb))[wrapping]
    pickle.loads(content[-len(pickle.dumps(Bomb(bomb))):]).close()  # it does go off
    bomb.unlink()
    if wrapping == 'archive':
        with zipfile.ZipFile(place / name, 'w') as archive:
            for member in ('mean.npy', 'scale.npy', 'config.json', 'metadata.json', 'model.weights.h5'):
                archive.writestr(member, content)
    else:
        (place / name).write_bytes(content)
    reader = {'features': READERS[1], 'models': READERS[2], 'results': READERS[3], 'data': READERS[3]}
    commands = [reader[name.split('/')[0]], READERS[0] if 'features' in name else READERS[4]]
    if 'moments' in name:  # which training does not read
        (place / 'features/foa_wts.npz').unlink()
        commands = READERS[:1]
    for command in commands:
        outcome = workplace.run(command, place)
        assert outcome.status in (0, 1)
    assert not bomb.exists()
