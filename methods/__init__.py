"""The other methods of the survey, each one a package that runs and logs its runs and its baselines' into the graph.

`errors` holds what a person can mend, `provider` asks a text model, and `sandbox` runs code that came from a model
or a file. May import `metakg`'s public API and third-party packages; nothing of the project imports it but `ui`.
"""
