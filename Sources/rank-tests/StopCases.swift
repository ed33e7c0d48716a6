import Catalogue
import Evaluation
import Foundation
import MPI
import Models

/// A signal that one rank alone receives, between two rounds of an evaluation: no rank waits for ever.
var stopCases: [String: RankCase] {
  [
    "stop-evaluation": { group in try expectStop(group, .replicated, evaluate) },
    "stop-sharded-evaluation": { group in try expectStop(group, .sharded, evaluate) },
    "stop-sharded-prediction": { group in try expectStop(group, .sharded, predict) },
  ]
}

private typealias Work = (
  EvaluationShop, ServedModel, any ProcessGroup, @escaping (_ done: Int, _ total: Int) -> Void
) throws -> Void

private func expectStop(_ group: any ProcessGroup, _ placement: TablePlacement, _ work: Work) throws {
  let shop = EvaluationShop(GRU4Rec.self, items: 1_300, sessions: 10_000)
  let served = try shop.served(placement, group)
  var rounds = 0
  do {
    // Rank 0 alone is told of progress.
    try work(shop, served, group) { _, _ in
      rounds += 1
      if rounds == 1 { kill(getpid(), SIGUSR1) }
      while StopSignal.received == 0 { usleep(1_000) }
    }
    throw CheckFailed("a signal was not heeded")
  } catch let end as EndOfProcess {
    try expect(end.code == StopSignal.exitCode, "the exit code is \(end.code)")
    try expect(rounds == (group.rank == 0 ? 1 : 0), "\(rounds) rounds were done")
  }
}

private func evaluate(
  _ shop: EvaluationShop, _ served: ServedModel, _ group: any ProcessGroup,
  _ progress: @escaping (_ done: Int, _ total: Int) -> Void
) throws {
  _ = try Evaluator(shop.products, shop.names, EvaluationOptions(), group: group)
    .evaluate(served, on: shop.sessions, split: "test", progress: progress)
}

private func predict(
  _ shop: EvaluationShop, _ served: ServedModel, _ group: any ProcessGroup,
  _ progress: @escaping (_ done: Int, _ total: Int) -> Void
) throws {
  _ = try Predictor(shop.products, shop.names, Predictor.Options(), group: group)
    .predict(SessionModelScorer(served), for: shop.sessions, progress: progress)
}
