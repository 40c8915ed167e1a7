"""The Streamlit app: pages for recommendations, networks and SPARQL, drawn from the public API of ``metakg`` alone.

`app` is the script that Streamlit runs and `app_pages` holds its pages; `knowledge` opens the store, `subjects`
reads what a person brings, `answers` and `charts` draw a recommendation, `results` the answer of a query,
`network_chart` a network.
Nothing imports this package; ``metakg ui`` starts it on 127.0.0.1.
"""

from pathlib import Path

__all__ = ["APP"]

APP = Path(__file__).with_name("app.py")
"""The script that Streamlit runs."""
