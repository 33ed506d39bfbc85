import signal

import pytest
from workbench import Bench

# A shell that starts the tests in the background leaves them deaf to interrupts, and their children too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def own_configuration(tmp_path_factory):
    """Keeps what tests trust out of the configuration of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
