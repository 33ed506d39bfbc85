"""A transcript of a training: enough of it to take drawn steps again and hold them against what was left."""

from harness.transcript.loop import Loop
from harness.transcript.recorder import Recorder

__all__ = ["Loop", "Recorder"]
