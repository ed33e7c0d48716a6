#!/usr/bin/env python3
"""Learns to order candidates, and orders others: what `caravan candidates` wrote becomes what `caravan predict` writes.

    scripts/rerank.py LEARN.csv RANK.csv OUT.csv        OUT may end in .jsonl, too

LEARN has labels: boosted trees (LightGBM, lambdarank) learn from a part of its sessions, and the others say when to
stop, several times with other parts. RANK has the same columns; where it has labels as well, its figures are printed, those of the order in which its
rows stand beside them. A session whose answer is not among its candidates is a miss, and so is one without candidates.

The same files and options give the same bytes; a second thread makes nothing faster.
"""

import argparse
import os
from pathlib import Path

from environment import enter, fail


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("learn", metavar="LEARN.csv", type=Path, help="candidates with labels, to learn from")
    parser.add_argument("rank", metavar="RANK.csv", type=Path, help="candidates to order")
    parser.add_argument("out", metavar="OUT", type=Path, help="where to write the lists: .csv or .jsonl")
    parser.add_argument("--top", default=100, type=int, help="items a session, and the figures' cut-off (default: 100)")
    parser.add_argument("--held-out", default=0.2, type=float, help="share of sessions to stop by (default: 0.2)")
    parser.add_argument(
        "--members", default=3, type=int,
        help="how often to learn, with other sessions to stop by; the mean ranks (default: 3)")
    parser.add_argument("--rounds", default=1000, type=int, help="trees at most (default: 1000)")
    parser.add_argument(
        "--patience", default=100, type=int, help="trees without a better NDCG that end it (default: 100)")
    parser.add_argument("--learning-rate", default=0.05, type=float, help="what a tree counts (default: 0.05)")
    parser.add_argument("--leaves", default=31, type=int, help="leaves of a tree (default: 31)")
    parser.add_argument("--seed", default=1, type=int, help="of the draws of features and sessions (default: 1)")
    parser.add_argument("--without", default="", help="features to leave out, with commas between")
    parser.add_argument("--force", action="store_true", help="replace the file that is at OUT")
    parser.error = lambda message: fail(f"{message}: see --help", 2)
    given = parser.parse_args()
    if given.out.suffix not in (".csv", ".jsonl"):
        parser.error(f"{given.out.name} names no format: end it in .csv or .jsonl")
    if given.top < 1 or given.rounds < 1 or given.patience < 1 or given.members < 1 or given.leaves < 2:
        parser.error("--top, --rounds, --members and --patience are whole numbers from 1, --leaves from 2")
    if not 0 < given.held_out < 1 or not 0 < given.learning_rate <= 1:
        parser.error("--held-out is a share between 0 and 1, --learning-rate a number up to 1")
    return given


def main():
    given = arguments()
    for path in (given.learn, given.rank):
        if not path.is_file():
            fail(f"{path} is no file")
    if not given.out.parent.is_dir():
        fail(f"{given.out.parent} is no folder: make it first")
    if os.path.lexists(given.out) and not given.force:
        fail(f"{given.out} exists: choose another name, or --force to replace it")

    enter("rerank")
    import lightgbm
    import pyarrow

    from rerank_files import Candidates, write_lists
    from rerank_trees import figures, learn, order, scores

    try:
        without = {name for name in given.without.split(",") if name}
        learned = Candidates.read(given.learn, without=without, answered=True)
        if learned.labels is None:
            fail(f"{given.learn} has no labels: caravan candidates writes them where answers are known")
        members = learn(learned, given)
        features = learned.features
        del learned
        asked = Candidates.read(given.rank, without=without, items=True)
        if asked.features != features:
            different = ", ".join(sorted(set(features) ^ set(asked.features))) or "in another order"
            fail(f"{given.rank} has other features than {given.learn}: {different}")
        places = order(asked, scores(members, asked.values))
        write_lists(asked, places, given.top, given.out)
        if asked.labels is not None:
            print_figures(asked, figures(asked, None, given.top), figures(asked, places, given.top), given.top)
        print_importance(members)
        print(f"{asked.session_count} sessions: {given.out}")
    except (OSError, ValueError, pyarrow.ArrowException, lightgbm.basic.LightGBMError) as error:
        fail(f"{given.rank} cannot be ranked: {getattr(error, 'strerror', None) or error}")


def print_figures(asked, before: dict, after: dict, top: int):
    recall, mrr = f"Recall@{top}", f"MRR@{top}"
    print(f"{'locale':8}{'sessions':>9}  {recall:>10}  {mrr:>8}   as the rows stand")
    for locale, (sessions, found, gain) in after.items():
        _, was_found, was = before[locale]
        print(f"{locale:8}{sessions:>9}  {found:>10.4f}  {gain:>8.4f}   {was_found:.4f}  {was:.4f}")


def print_importance(members):
    gains = sum(trees.feature_importance("gain") for trees in members)
    total = max(gains.sum(), 1e-30)
    print("share of the gain")
    for gain, name in sorted(zip(-gains, members[0].feature_name())):
        print(f"{-gain / total:8.4f}  {name}")


if __name__ == "__main__":
    main()
