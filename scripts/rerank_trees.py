"""The trees of rerank.py: learning, ordering, figures."""

import lightgbm
import numpy as np

from rerank_files import Candidates


def ranks(labels, scores, starts, sizes) -> np.ndarray:
    """The rank of each session's answer among its rows, 0 where it is none of them; ties keep the rows' order."""
    sessions = np.repeat(np.arange(len(sizes)), sizes)
    found = np.zeros(len(sizes), np.int64)
    answers = np.flatnonzero(labels)
    bar = np.full(len(sizes), np.nan)
    bar[sessions[answers]] = scores[answers]
    row = np.zeros(len(sizes), np.int64)
    row[sessions[answers]] = answers
    before = (scores > bar[sessions]) | ((scores == bar[sessions]) & (np.arange(len(scores)) < row[sessions]))
    counts = np.bincount(sessions[before], minlength=len(sizes))
    found[sessions[answers]] = counts[sessions[answers]] + 1
    return found


def reciprocal(ranks, top: int) -> np.ndarray:
    """1 / rank of those that are found, 0 of the others."""
    return np.where((ranks > 0) & (ranks <= top), 1 / np.maximum(ranks, 1), 0)


def learn(learned: Candidates, given) -> list[lightgbm.Booster]:
    """Learns from sessions whose answer is among their candidates; of the others there is nothing to be learned.

    Each of the members leaves other sessions out to stop by, so that together they have learned from all.
    """
    useful = np.flatnonzero(learned.sizes)
    if len(useful) < 2:
        raise ValueError("too few sessions have their answer among the candidates")
    # Sessions are drawn, never rows: the same wherever they stand in the file.
    places = np.random.default_rng(given.seed).permutation(len(useful))
    count = max(1, round(len(useful) * given.held_out))
    print(f"{learned.session_count} sessions, {len(useful)} with their answer among the candidates", flush=True)
    members = []
    for member in range(given.members):
        is_held_out = (places - member * count) % len(useful) < count
        members.append(learn_member(learned, useful[~is_held_out], useful[is_held_out], given, given.seed + member))
    return members


def learn_member(learned: Candidates, chosen, held_out, given, seed: int) -> lightgbm.Booster:
    """Learns from some sessions, until others say to stop."""

    def dataset(chosen, reference=None):
        rows = learned.rows_of(chosen)
        return lightgbm.Dataset(
            learned.values[rows], learned.labels[rows], group=learned.sizes[chosen], reference=reference,
            feature_name=learned.features, params=PARAMETERS, free_raw_data=True)

    sizes = learned.sizes[held_out]
    starts = np.cumsum(sizes) - sizes

    train = dataset(chosen)
    trees = lightgbm.train(
        PARAMETERS | {
            "learning_rate": given.learning_rate, "num_leaves": given.leaves, "seed": seed,
            # Of all metrics of ranks the smoothest: MRR depends on a few sessions at the top, and stops by chance.
            "metric": "ndcg", "eval_at": [given.top],
        },
        train, given.rounds, valid_sets=[dataset(held_out, train)],
        callbacks=[lightgbm.early_stopping(given.patience, verbose=False)])
    rows = learned.rows_of(held_out)
    before, after = (
        np.mean(reciprocal(ranks(learned.labels[rows], scores, starts, sizes), given.top))
        for scores in (-np.arange(len(rows), dtype=float), trees.predict(learned.values[rows])))
    print(
        f"learned from {len(chosen)}, {trees.best_iteration} trees: "
        f"MRR@{given.top} of the other {len(held_out)} {after:.4f}, {before:.4f} as the rows stand", flush=True)
    return trees


def scores(members: list[lightgbm.Booster], values) -> np.ndarray:
    """The mean of what the members give."""
    return np.mean([trees.predict(values) for trees in members], axis=0)


PARAMETERS = {
    "objective": "lambdarank", "label_gain": [0, 1], "num_threads": 1, "verbosity": -1,
    "deterministic": True, "force_row_wise": True, "min_data_in_leaf": 100, "feature_fraction": 0.8,
    "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": 255,
    # Whatever stands lower is compared with the first ones alone: as good here as to compare all, in half the time.
    "lambdarank_truncation_level": 30,
}


def order(asked: Candidates, scores) -> np.ndarray:
    """The rows of each session, best first; equal ones stay as they are."""
    sessions = np.repeat(np.arange(asked.session_count), asked.sizes)
    return np.lexsort((np.arange(len(scores)), -scores, sessions))


def figures(asked: Candidates, places, top: int) -> dict:
    """By locale and for all: sessions, Recall and MRR. Without places, of the rows as they stand."""
    scores = np.zeros(len(asked.labels))
    scores[np.arange(len(scores)) if places is None else places] = -np.arange(len(scores))
    gains = reciprocal(ranks(asked.labels, scores, asked.starts, asked.sizes), top)
    names = np.array(asked.locales if asked.locales is not None else [""] * asked.session_count)
    parts = {name: names == name for name in sorted(set(asked.locales or []))} | {"all": np.full(len(names), True)}
    return {
        name: (int(part.sum()), float(np.mean(gains[part] > 0)), float(np.mean(gains[part])))
        for name, part in parts.items()
    }
