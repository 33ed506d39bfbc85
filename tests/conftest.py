import os
import signal
import sys

import pytest
from hypothesis import settings
from workbench import Bench

settings.register_profile("full", max_examples=1000, deadline=None)

# A shell that starts the tests in the background leaves them deaf to interrupts, and their children too.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config):
    config.addinivalue_line("markers", "full: one more of what the other tests try; left to `make full`")


@pytest.fixture(autouse=True, scope="session")
def own_configuration(tmp_path_factory):
    """Keeps what tests trust out of the configuration of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(autouse=True)
def environment():
    """What a test sets or what it imports under is nothing to the next one."""
    before = dict(os.environ)
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:  # read once, when it was first imported
        constants.HF_HUB_OFFLINE = False
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
