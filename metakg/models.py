"""Trained models beside the store: found by what they were trained on, or trained when there is none."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import ModelError
from metakg.training import Progress, Recipe, train

if TYPE_CHECKING:
    from kg.experience import Experience
    from recommender.model import RecommenderModel

__all__ = ["CARD", "ModelCard", "Models"]

CARD = "model.json"


@dataclass(frozen=True)
class ModelCard:
    """What a trained model is, as written beside it.

    Attributes
    ----------
    key
        Name of its folder, from the recipe.
    experience, excluded, seed
        Its recipe: version of the experience, datasets that were kept out.
    excluded_sources, as_of
        Named graphs that were kept out, and the time after which nothing counted ("" for none).
    datasets, pipelines, features
        How many of each it was trained on.
    trained_at
        UTC time in ISO form.
    seconds
        That training took.
    """

    key: str
    experience: str
    excluded: tuple[str, ...]
    seed: int
    datasets: int
    pipelines: int
    features: int
    trained_at: str
    seconds: float
    excluded_sources: tuple[str, ...] = ()
    as_of: str = ""


class Models:
    """The models of one store.

    Parameters
    ----------
    folder
        Where they are kept; None keeps them in memory only.
    say
        Told in one line why something takes long, or was not saved.
    """

    def __init__(self, folder: Path | None, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say
        self._loaded: dict[str, tuple[ModelCard, RecommenderModel]] = {}

    def cards(self) -> list[ModelCard]:
        """Cards of the models on disk, newest first; a folder without a readable card is not a model."""
        if self._folder is None or not self._folder.is_dir():
            return [card for card, _ in self._loaded.values()]
        cards = [self._card(path.parent) for path in self._folder.glob(f"*/{CARD}")]
        return sorted((card for card in cards if card), key=lambda card: card.trained_at, reverse=True)

    def has(self, recipe: Recipe) -> bool:
        """Whether that model needs no training."""
        return recipe.key in self._loaded or any(card.key == recipe.key for card in self.cards())

    def get(
        self, recipe: Recipe, experience: Callable[[], Experience], *, progress: Progress | None = None
    ) -> tuple[ModelCard, RecommenderModel]:
        """Load the model of that recipe, or train and save it.

        Raises
        ------
        ModelError
            If there is too little to learn from, or a saved model is damaged.
        """
        if recipe.key not in self._loaded:
            folder = self._folder / recipe.key if self._folder is not None else None
            card = self._card(folder) if folder is not None else None
            if folder is not None and card is not None:
                from recommender.model import RecommenderModel

                self._loaded[recipe.key] = (card, RecommenderModel.load(folder))
            else:
                self._loaded[recipe.key] = self._trained(recipe, experience(), progress)
        return self._loaded[recipe.key]

    def _trained(
        self, recipe: Recipe, experience: Experience, progress: Progress | None
    ) -> tuple[ModelCard, RecommenderModel]:
        started = time.perf_counter()
        without = f" without {len(recipe.excluded)} excluded dataset(s)" if recipe.excluded else ""
        if recipe.selection.graphs:
            without += f", of {len(recipe.selection.graphs)} selected named graph(s)"
        why = f"training on this version of the graph{without}: there is no model of it yet"
        model = train(
            experience,
            excluded=recipe.excluded,
            seed=recipe.seed,
            progress=progress,
            begun=lambda: self._say(why),
        )
        card = ModelCard(
            key=recipe.key,
            experience=recipe.experience,
            excluded=recipe.excluded,
            seed=recipe.seed,
            datasets=len(model.datasets),
            pipelines=len(model.pipelines),
            features=len(model.estimator.space.names),
            trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.perf_counter() - started, 2),
            excluded_sources=recipe.selection.exclude_sources,
            as_of=recipe.selection.as_of,
        )
        if self._folder is not None:
            self._save(card, model, self._folder)
        return card, model

    def _save(self, card: ModelCard, model: RecommenderModel, folder: Path) -> None:
        """Write into a folder of its own and rename it, so that a model is there whole or not at all."""
        partial = folder / f".{card.key}.{os.getpid()}"
        try:
            partial.mkdir(parents=True, exist_ok=True)
            model.save(partial)
            (partial / CARD).write_text(json.dumps(asdict(card), indent=1), encoding="utf-8")
            if not (folder / card.key).exists():
                partial.rename(folder / card.key)
        except OSError as error:
            self._say(f"the model was not saved in {folder} ({error.strerror}); it will be trained again")
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _card(self, folder: Path) -> ModelCard | None:
        try:
            record = json.loads((folder / CARD).read_text(encoding="utf-8"))
            lists = {name: tuple(record.get(name, ())) for name in ("excluded", "excluded_sources")}
            return ModelCard(**{**record, **lists})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{folder / CARD} is damaged ({error}); delete {folder} and run `metakg embed`"
            ) from error
