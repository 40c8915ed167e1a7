"""Which datasets are one: what may be, what was decided, and deciding it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kg.errors import QueryError
from metakg.opened import OpenedGraph

if TYPE_CHECKING:
    from kg.identity_candidates import Candidate
    from kg.identity_links import Link, Relation

__all__ = ["Linking"]


class Linking(OpenedGraph):
    """Datasets that go by several names; see ``docs/identity.md``."""

    def link_candidates(self, *, only_certain: bool = False) -> list[Candidate]:
        """Pairs of datasets that may be one and that nobody has decided about, what is certain first."""
        from kg.identity_candidates import candidates

        return candidates(self.store, only_certain=only_certain)

    def links(self) -> list[Link]:
        """What was decided about pairs of datasets."""
        from kg.identity_links import links

        return links(self.store)

    def link_certain(self) -> list[Link]:
        """Make one dataset of those that certainly are, and return the pairs that were not linked before.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        from kg.identity_candidates import link_certain

        return link_certain(self.store)

    def link(
        self,
        dataset: str | int,
        other: str | int,
        *,
        relation: Relation = "same",
        reason: str = "they are one dataset",
    ) -> Link:
        """Say that two datasets are one, that one comes from the other, or that they are different.

        Parameters
        ----------
        dataset, other
            ``31``, ``openml:31``, ``metakg:dataset/...`` or an IRI; both must be in the graph.
        relation
            ``same``, ``alternate`` (one is a version of the other) or ``different``.
        reason
            Why; who says so and when is added.

        Raises
        ------
        QueryError
            If a dataset is not in the graph, both are the same name, or the relation is none.
        StoreError
            If the store cannot be written.
        """
        from kg.identity_links import Link, keep, said
        from kg.schema import ALLOWED

        if relation not in ALLOWED["relation"]:
            raise QueryError(f"relation {relation!r} is unknown; known: {', '.join(ALLOWED['relation'])}")
        one, two = (self._dataset(name) for name in (dataset, other))
        if one == two:
            raise QueryError(f"{dataset} and {other} are one name, <{one}>: name two datasets")
        made = Link(one, two, relation, said(" ".join(reason.split()) or "no reason given"))
        keep(self.store, [made])
        return made

    def unlink(self, dataset: str | int, other: str | int) -> Link:
        """Undo what was decided about two datasets, and return what it was; they may be candidates again.

        Raises
        ------
        QueryError
            If nothing was decided about them.
        StoreError
            If the store cannot be written.
        """
        from kg.identity_links import forget
        from metakg.explanation import whole_iri

        return forget(self.store, whole_iri(dataset), whole_iri(other))

    def names_of(self, dataset: str | int) -> Sequence[str]:
        """Every name of a dataset, the one that stands for it in answers first.

        Raises
        ------
        QueryError
            If it is not in the graph.
        """
        from kg.identity import aliases, all_names

        name = self._dataset(dataset)
        first = aliases(self.store).get(name, name)
        return [first, *sorted(set(all_names(self.store, [name])) - {first})]

    def _dataset(self, name: str | int) -> str:
        from kg.questions import KINDS
        from metakg.explanation import whole_iri

        return str(KINDS["dataset"](self.store, whole_iri(name)))
