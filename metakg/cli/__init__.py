"""The command line, one module per group of commands, loaded when a command is used.

`application` finds commands, `session` is what they share (store, quietness, progress), `output` prints.
Only `metakg.__main__` imports this package; the commands use nothing but the public API.
"""

from metakg.cli.application import app

__all__ = ["app"]
