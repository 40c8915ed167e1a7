"""Pages of the app: scripts that Streamlit runs from top to bottom at each interaction. Nothing imports them."""

__all__: list[str] = []
