"""What is said where a command failed: what the system refused, and what to do about it."""

from __future__ import annotations

import errno

ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system says where there is no room to write."""
_MAY_NOT = (errno.EACCES, errno.EPERM, errno.EROFS)


def failed_text(error: Exception) -> str:
    """Words an error that nobody expected; a disk without room and a folder that is closed are no bugs."""
    code = error.errno if isinstance(error, OSError) else None
    where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
    if code in ROOM:
        return (
            f"there is no room to write{where}: make room and give the same command again\n"
            "  what was recorded before stays, and what was judged just now is judged again by the next check"
        )
    if code in _MAY_NOT:
        return f"harness may not write or read here{where}: {error}\n  give it the right, or run it elsewhere"
    return (
        f"harness failed: {type(error).__name__}: {error}\n"
        "  set HARNESS_DEBUG=1 to see where, and please report it"
    )
