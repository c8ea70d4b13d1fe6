"""The 2019 import `from metrics import evaluation_metrics`; the module itself stands at the top level."""

from evaluation_metrics import *  # noqa: F403
