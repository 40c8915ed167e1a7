"""The Streamlit app: pages for recommendations and for SPARQL, drawn from the public API of ``metakg`` alone.

Nothing imports this package; ``metakg ui`` starts :mod:`ui.app` through Streamlit on 127.0.0.1.
"""

from pathlib import Path

__all__ = ["APP"]

APP = Path(__file__).with_name("app.py")
"""The script that Streamlit runs."""
