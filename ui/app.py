"""Entry point of the app: ``metakg ui`` runs this script through Streamlit."""

from pathlib import Path

import streamlit as st

from ui.state import keep_all

PAGES = [
    st.Page("app_pages/recommend.py", title="Recommend", icon=":material/leaderboard:", default=True),
    st.Page("app_pages/network.py", title="Network", icon=":material/hub:", url_path="network"),
    st.Page("app_pages/methods.py", title="Methods", icon=":material/science:", url_path="methods"),
    st.Page("app_pages/sparql.py", title="SPARQL", icon=":material/database_search:", url_path="sparql"),
]

# An icon by name would be fetched from the network; a file is not.
ICON = Path(__file__).with_name("assets") / "icon.svg"

st.set_page_config(page_title="metakg", page_icon=str(ICON), layout="wide")
keep_all()
st.navigation(PAGES, position="top").run()
