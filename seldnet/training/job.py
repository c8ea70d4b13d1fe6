"""Several folds of a job: checked, locked and prepared together, before the first of them is trained."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

from seldnet.common.files import create_folder
from seldnet.common.processes import locked
from seldnet.training.run import Run


@contextlib.contextmanager
def prepared(runs: Sequence[Run], check_input: Callable[[Run], None], *, resume: bool,
             overwrite: bool) -> Iterator[None]:
    """While the runs are at work: no other process trains them, and their files are ready.

    Parameters
    ----------
    runs : sequence of Run
        Of one job, one at least. They say what is other than before in a run that is resumed.
    check_input : function
        Takes a run; raises an InputError if what it reads does not suit it.
    resume, overwrite : bool
        What may become of runs that exist.

    Raises
    ------
    InputError
        If one of them cannot be trained; nothing is written then.
    """
    create_folder(runs[0].params['model_dir'])
    with contextlib.ExitStack() as locks:
        for run in runs:
            locks.enter_context(locked(run.path('.lock'), f'training {run.name}'))
        for run in runs:  # before anything is written
            check_input(run)
            if not overwrite:
                run.check_existing(resume=resume)
            if run.params['dcase_output']:
                create_folder(run.output.folder)
                run.output.refuse_others(overwrite=overwrite)
        for run in runs:
            run.say(*run.prepare(overwrite=overwrite))
        for run in runs:
            if run.params['dcase_output']:
                run.output.claim(run.fold.test, overwrite=overwrite)
        yield
