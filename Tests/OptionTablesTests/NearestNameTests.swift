import Testing

import OptionTables

@Suite struct NearestNameTests {
  private static let known = [
    "lr", "batch_size", "epochs", "embedding_size", "hidden_size", "step", "stopping_step", "optimizer", "seed", "loss",
    "train", "GRU4Rec", "NARM", "CORE", "targets", "lanes",
  ]

  @Test(arguments: [
    ("batchsize", "batch_size"), ("--batch-size", "batch_size"), ("trian", "train"), ("GRU4Rce", "GRU4Rec"),
    ("gru4rec", "GRU4Rec"), ("epoch", "epochs"), ("embeding_sise", "embedding_size"), ("optimiser", "optimizer"),
    ("l", "lr"), ("stoping-steps", "stopping_step"),
  ]) func slipsAreUnderstood(typed: String, meant: String) {
    #expect(nearestName(to: typed, among: Self.known) == meant)
  }

  /// A suggestion that nobody meant is worse than none.
  @Test(arguments: [
    "x", "gpu", "learner", "worker", "top", "beer", "eval_batch_size", "", "ß", String(repeating: "a", count: 10_000),
  ])
  func whatIsNearNothingGetsNoSuggestion(typed: String) {
    #expect(nearestName(to: typed, among: Self.known) == nil)
  }
}
