"""Files that training leaves behind: their digests and their tensors, read and never executed."""
