import Evaluation
import MPI
import Models
import Sessions
import Tensors
import Testing

/// A score that is not finite is an error wherever it stands, and never a rank.
@Suite struct FiniteScoresTests {
  /// A catalogue in which one weight of `row` is `value`.
  private func catalogue(_ value: Float, inRow row: Int) -> (made: MadeUpCatalogue, model: FirstItemModel) {
    let made = MadeUpCatalogue(items: 1_100, width: 9, sessions: 300, seed: 5)
    var table = made.table
    table[row][8] = value
    return (made, FirstItemModel(table: table))
  }

  private func expectNotFinite(
    _ row: Int, session: Int, _ made: MadeUpCatalogue, _ scorer: any CatalogueScorer,
    _ comment: Comment
  ) throws {
    let evaluator = try Evaluator(
      made.products, .amazon, EvaluationOptions(), itemID: { "id\($0)" }, group: SoloGroup())
    let error = EvaluationError.notFinite(row: row, item: "id\(row)", split: "valid", session: session)
    #expect(throws: error, comment) { try evaluator.evaluate(scorer, on: made.sessions, split: "valid") }
    var options = Predictor.Options()
    options.candidates = .all
    let predictor = try made.predictor(options)
    #expect(
      throws: EvaluationError.notFinite(row: row, item: nil, split: "asked", session: session), comment
    ) { try predictor.predict(scorer, for: made.sessions) }
  }

  /// In the first tile, the last one, and the row that ends a tile; targets are drawn at random.
  @Test(arguments: [Float.nan, .infinity, -.infinity], [1, 512, 513, 1_100])
  func oneWeightIsEnough(value: Float, row: Int) throws {
    let (made, model) = catalogue(value, inRow: row)
    // Session vectors are rows of the table: the one with the weight spoils all scores of its sessions, from row 1 on.
    let spoilt = (0..<300).first { made.sessions.items(of: $0).first == Int32(row) }
    let first = spoilt == 0 ? 1 : row
    try expectNotFinite(first, session: 0, made, try SessionModelScorer(model), "\(value) in row \(row)")
    let blended = try BlendScorer([
      (SoftmaxScorer(SessionModelScorer(made.model)), 1), (SessionModelScorer(model), 0.5),
    ])
    try expectNotFinite(first, session: 0, made, blended, "a blend")
    try expectNotFinite(1, session: 0, made, try SoftmaxScorer(SessionModelScorer(model)), "probabilities")
  }

  /// Finite weights whose products are not.
  @Test func overflowIsFound() throws {
    let made = MadeUpCatalogue(items: 600, width: 9, sessions: 20, seed: 6)
    let model = FirstItemModel(table: made.table.map { $0.map { $0 * 3e38 } })
    let evaluator = try made.evaluator()
    #expect(throws: EvaluationError.self) { try evaluator.evaluate(model, on: made.sessions, split: "valid") }
  }

  /// Large scores that are finite have ranks like all others, those that have to be looked at too.
  @Test func largeScoresAreRanked() throws {
    let made = MadeUpCatalogue(items: 600, width: 9, sessions: 100, seed: 7)
    let evaluator = try made.evaluator()
    func ranks(_ factor: Float) throws -> [Int32] {
      try evaluator.ranks(
        SessionModelScorer(FirstItemModel(table: made.table.map { $0.map { $0 * factor } })), on: made.sessions,
        selection: Array(0..<100), split: "valid")
    }
    let expected = (0..<100).map { made.rank($0, .all, filterSeen: false) }
    #expect(try ranks(1) == expected)
    #expect(try ranks(0x1p61) == expected)  // up to 9 · 2¹²² · 1: near the largest of Float32
  }
}
