"""Start of the command line: ``metakg`` and ``python -m metakg``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from kg.errors import MetakgError

__all__ = ["main"]

INTERRUPTED = 130
BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0 for success, 2 for what a person can mend.

    Parameters
    ----------
    arguments
        Words after ``metakg``; those of the process if left out.
    """
    import click

    from metakg.cli import app

    if "_METAKG_COMPLETE" in os.environ:
        app.main(prog_name="metakg")
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # Not app.main, which takes a broken pipe for a success and ends the process by itself.
        with app.make_context("metakg", words) as context:
            app.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code or 2
    except (click.Abort, KeyboardInterrupt):
        return _complain("interrupted", INTERRUPTED)
    except MetakgError as error:
        return _complain(error, 2)
    except BrokenPipeError:
        # Whoever read the output has gone; the interpreter must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}", 2)
    return 0


def _complain(reason: object, status: int) -> int:
    sys.stderr.write(f"metakg: {' '.join(str(reason).split())}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
