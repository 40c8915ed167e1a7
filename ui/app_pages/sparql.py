"""SPARQL: ask the graph anything that reads, starting from the shipped questions."""

from __future__ import annotations

import streamlit as st

import metakg
from ui.knowledge import knowledge_graph, one_line
from ui.results import draw, outcome
from ui.state import kept

FIRST = "best-pipelines"
EDITOR_STYLE = """<style>
textarea { font-family: monospace !important; font-size: 0.85rem !important; white-space: pre !important }
</style>"""


def parameter_key(question: metakg.Question, name: str) -> str:
    """Key of the input for a parameter."""
    return kept(f"{name} of {question.name}", "")


def fill(kg: metakg.KnowledgeGraph, question: metakg.Question) -> None:
    """Write the question with its parameters into the editor; with its example where one must be given and is not."""
    st.session_state.pop("parameter_error", None)
    written = {
        parameter.name: st.session_state[parameter_key(question, parameter.name)].strip()
        for parameter in question.params
    }
    given = {name: value for name, value in written.items() if value}
    examples = {
        parameter.name: question.example(parameter.name)
        for parameter in question.params
        if parameter.default is None
    }
    try:
        st.session_state[kept("query")] = kg.question_text(question.name, **{**examples, **given})
    except metakg.MetakgError as error:
        if given:
            st.session_state["parameter_error"] = one_line(error)
        else:  # this graph does not have the example
            st.session_state[kept("query")] = question.text


def choose_question(kg: metakg.KnowledgeGraph) -> None:
    """Offer the shipped questions; choosing one, or changing a parameter, fills the editor."""
    questions = {question.name: question for question in kg.questions()}

    def chosen() -> None:
        fill(kg, questions[st.session_state[kept("question", FIRST)]])

    name = st.selectbox(
        "Shipped questions",
        list(questions),
        format_func=lambda name: questions[name].question,
        key=kept("question", FIRST),
        on_change=chosen,
    )
    question = questions[name]
    for parameter in question.params:
        st.text_input(
            parameter.description[:1].upper() + parameter.description[1:],
            placeholder=parameter.default or question.example(parameter.name),
            key=parameter_key(question, parameter.name),
            on_change=chosen,
        )
    st.caption(f"From the command line: `metakg ask {name}`")
    if st.session_state[kept("query")] is None:
        chosen()
    if "parameter_error" in st.session_state:
        st.error(st.session_state["parameter_error"], icon=":material/error:")


st.title("SPARQL")
graph = knowledge_graph()
st.html(EDITOR_STYLE)
left, right = st.columns([1, 2], gap="large")
with left:
    choose_question(graph)
with right, st.form("editor", border=False):
    query = st.text_area("Query", height=420, key=kept("query"), help="Ctrl+Enter runs it.")
    if st.form_submit_button("Run", type="primary", icon=":material/play_arrow:"):
        st.session_state["outcome"] = outcome(graph, query or "")
if "outcome" in st.session_state:
    st.divider()
    draw(st.session_state["outcome"])
