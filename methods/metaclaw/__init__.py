"""MetaClaw: an agent that writes skills for itself at once, and updates its policy when nobody asks.

The agent assembles scikit-learn pipelines for tables that come over 44 days. `stream` draws the tasks, `outcomes` says
what comes of a pipeline; `reading`, `policy` and `skills` are the agent's parts, `mining` and `asking` write skills,
`learning` updates the policy when `scheduling` lets it, `agent` joins them, and `logbook` keeps it in the graph.
"""

from __future__ import annotations

from collections.abc import Mapping

from methods.errors import MethodError
from methods.method import Arm, Claim, Method, Paper, Task, Trial

__all__ = ["MetaClaw"]


class MetaClaw(Method):
    """MetaClaw, its two halves alone, and neither."""

    name = "metaclaw"
    paper = Paper(
        "MetaClaw: Just Talk – An Agent That Meta-Learns and Evolves in the Wild", "2603.17187", 2026
    )
    fidelity = "reimplementation"
    note = (
        "Both loops and the scheduler are the paper's; the language model is a factored softmax over hashed text "
        "with a low-rank adapter, the questions are tables that pipelines are fitted to, and with no model to "
        "ask, skills are mined from the texts of errors by rule."
    )
    version = "2"
    tasks = (
        Task(
            "tables",
            "44 days of damaged tables: does the first pipeline that the agent assembles run and reach the baseline?",
            measure="first_attempt_success",
            dataset="metaclaw-tables",
            procedure="last-14-of-44-days",
            measures={
                "first_attempt_success": ("higher", 0, 1),
                "first_attempt_success_of_all_days": ("higher", 0, 1),
                "daily_success": ("higher", 0, 1),
                "skills": ("lower", 0, None),
                "updates": ("lower", 0, None),
                "dropped_samples": ("lower", 0, None),
            },
        ),
    )
    arms = (
        Arm("full", "method", "skills evolve, and the policy is updated in windows"),
        Arm("static", "baseline", "neither"),
        Arm("skills_only", "baseline", "skills evolve; the policy stays as it is"),
        Arm("rl_only", "baseline", "the policy is updated in windows; no skills"),
        Arm("random_skills", "ablation", "as full, but skills name random choices of random stages"),
        Arm(
            "stale_samples",
            "ablation",
            "as full, but learns from rounds before the latest skills, too",
            optional=True,
        ),
    )
    claims = (
        Claim("full", "static", margin=0.15),
        Claim("full", "skills_only"),
        Claim("full", "rl_only"),
        Claim("full", "random_skills", strict=True),
    )
    hyperparameters = {  # noqa: RUF012 - the contract's own way
        "evolver": "rules",
        "reward": "outcome",
        "rank": 32,
        "strength": 12.0,
        "focus": 2.0,
        "rate": 0.003,
        "passes": 4,
        "batch": 6,
        "doubt": 3.0,
        "rate_rl_only": 0.005,
    }
    requires = ("bm25s",)
    nominal_seconds = 100.0

    def execute(self, trial: Trial) -> Mapping[str, float]:
        """Run an arm through the stream; with little effort, through its first days.

        Raises
        ------
        MethodError
            If a hyperparameter is not what it can be, or a language model is to be asked and none is configured.
        """
        settings = trial.hyperparameters
        for name, known in (("evolver", ("rules", "llm")), ("reward", ("outcome", "judge"))):
            if settings[name] not in known:
                raise MethodError(
                    f"metaclaw: {name} is {settings[name]!r}; set it to one of: {', '.join(known)}"
                )
        for name in ("rank", "passes", "batch"):
            if int(settings[name]) < 1:
                raise MethodError(f"metaclaw: {name} is {settings[name]}; set it to 1 or more")
        from methods.metaclaw.trial import run_trial

        return run_trial(trial)
