"""Values of widgets that survive a change of page; Streamlit forgets those of widgets that it does not draw."""

from __future__ import annotations

import streamlit as st

__all__ = ["keep_all", "kept"]

_PREFIX = "kept:"


def kept(name: str, default: object = None) -> str:
    """Key for a widget that is kept, with its first value set; text inputs must be given text."""
    key = f"{_PREFIX}{name}"
    st.session_state.setdefault(key, default)
    return key


def keep_all() -> None:
    """Claim all kept values anew; the app does so at each run, whatever page is drawn."""
    for key in st.session_state:
        if str(key).startswith(_PREFIX):
            st.session_state[key] = st.session_state[key]
