"""File formats that can be read, taken apart and written again, one file each."""
