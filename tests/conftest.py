import signal

import pytest
from workbench import Bench

# A shell that starts the tests in the background leaves them deaf to interrupts, and their children too.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
