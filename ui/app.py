"""Entry point of the app: ``metakg ui`` runs this script through Streamlit."""

import streamlit as st

PAGES = [
    st.Page("app_pages/recommend.py", title="Recommend", icon=":material/recommend:", default=True),
    st.Page("app_pages/sparql.py", title="SPARQL", icon=":material/manage_search:", url_path="sparql"),
]

st.set_page_config(page_title="metakg", page_icon=":material/hub:", layout="wide")
st.navigation(PAGES).run()
