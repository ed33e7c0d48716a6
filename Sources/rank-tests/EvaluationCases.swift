import Catalogue
import Evaluation
import MPI
import Models
import Sessions

/// Evaluation and prediction shared over ranks: every rank count gives what one process alone gives, wherever the item
/// table is.
var evaluationCases: [String: RankCase] {
  [
    "evaluate": { group in
      for shop in EvaluationShop.all {
        for options in EvaluationShop.options {
          func ranks(_ served: ServedModel, _ group: any ProcessGroup) throws -> [Int32] {
            try Evaluator(shop.products, shop.names, options, group: group).ranks(
              SessionModelScorer(served), on: shop.sessions, selection: shop.selection, split: "test")
          }
          let alone = try ranks(ServedModel(shop.model), SoloGroup())
          for placement in TablePlacement.allCases {
            try expectEqual(
              try ranks(shop.served(placement, group), group), alone, "ranks in \(shop), \(placement), \(options)")
          }
        }
      }
    },
    "evaluate-metrics": { group in
      let shop = EvaluationShop(GRU4Rec.self, items: 1_300, sessions: 1_000)
      func metrics(_ served: ServedModel, _ group: any ProcessGroup) throws -> [UInt8] {
        let evaluator = try Evaluator(shop.products, shop.names, EvaluationShop.options[0], group: group)
        return Array(try evaluator.evaluate(served, on: shop.sessions, split: "test").json())
      }
      for placement in TablePlacement.allCases {
        try expectEqual(
          try metrics(shop.served(placement, group), group), try metrics(ServedModel(shop.model), SoloGroup()),
          "metrics as JSON, \(placement)")
      }
    },
    "evaluate-threads": { group in
      let shop = EvaluationShop(GRU4Rec.self, items: 1_300, sessions: 1_000)
      func ranks(_ served: ServedModel, threads: Int, _ group: any ProcessGroup) throws -> [Int32] {
        let evaluator = try Evaluator(
          shop.products, shop.names, EvaluationShop.options[0], team: .init(count: threads), group: group)
        return try evaluator.ranks(
          SessionModelScorer(served), on: shop.sessions, selection: shop.selection, split: "test")
      }
      let alone = try ranks(ServedModel(shop.model), threads: 1, SoloGroup())
      for placement in TablePlacement.allCases {
        try expectEqual(try ranks(shop.served(placement, group), threads: 3, group), alone, "\(placement), 3 threads")
      }
    },
    "predict": { group in
      for shop in EvaluationShop.all {
        for (filterSeen, top) in [(true, 20), (false, 250)] {
          func items(_ served: ServedModel, _ group: any ProcessGroup) throws -> [Int32]? {
            var options = Predictor.Options()
            (options.filterSeen, options.top) = (filterSeen, top)
            return try Predictor(shop.products, shop.names, options, group: group)
              .predict(SessionModelScorer(served), for: shop.sessions)?.items
          }
          let alone = try items(ServedModel(shop.model), SoloGroup()) ?? []
          for placement in TablePlacement.allCases {
            let shared = try items(shop.served(placement, group), group)
            try expect((shared != nil) == (group.rank == 0), "rank 0 alone has predictions")
            if let shared { try expectEqual(shared, alone, "top \(top) in \(shop), \(placement)") }
          }
        }
      }
    },
    // One row has a score that is no number, and one rank has the row: every rank says so.
    "scores-not-finite": { group in
      for value in [Float.nan, .infinity, -.infinity] {
        let shop = EvaluationShop(GRU4Rec.self, items: 1_300, sessions: 600)
        shop.model.parameters.itemTable.value.elements[700 * shop.model.parameters.itemTable.columns + 3] = value
        func expectNotFinite(row: Int, _ what: String, _ work: () throws -> Void) throws {
          do {
            try work()
            throw CheckFailed("a score of \(value) was ranked: \(what)")
          } catch EvaluationError.notFinite(let found, _, _, let session) {
            try expectEqual([found, session], [row, 0], "the first row and session: \(what)")
          }
        }
        for placement in TablePlacement.allCases {
          let served = try shop.served(placement, group)
          // One such logit spoils all probabilities of a session, those of other ranks' rows too.
          let scorers: [(any CatalogueScorer, row: Int)] = [
            (SessionModelScorer(served), 700), (SoftmaxScorer(SessionModelScorer(served)), 1),
          ]
          for (scorer, row) in scorers {
            try expectNotFinite(row: row, "evaluated, \(placement)") {
              _ = try Evaluator(shop.products, shop.names, EvaluationShop.options[0], group: group)
                .evaluate(scorer, on: shop.sessions, split: "test")
            }
            try expectNotFinite(row: row, "predicted, \(placement)") {
              _ = try Predictor(
                shop.products, shop.names, Predictor.Options(), group: group
              ).predict(scorer, for: shop.sessions)
            }
          }
        }
      }
    },
    "evaluate-unknown-targets": { group in
      let shop = EvaluationShop(GRU4Rec.self, items: 1_300, sessions: 3)
      let open = SessionTable(sessions: [[1], [2]], targets: [3, 0], locales: [.es, .fr])
      do {
        _ = try Evaluator(shop.products, shop.names, EvaluationShop.options[0], group: group)
          .evaluate(shop.model, on: open, split: "test")
        throw CheckFailed("sessions without answers were evaluated")
      } catch let error as EvaluationError {
        try expect(error == .unknownTargets(split: "test", count: 1, of: 2, first: 1), "\(error) says why")
      }
    },
  ]
}

/// Items in six locales, an untrained model, and sessions.
struct EvaluationShop: CustomStringConvertible {
  let model: any SessionModel
  let products: CandidateTable
  let names: LocaleNames
  let sessions: SessionTable
  private let makeModel: () -> any SessionModel

  /// - Parameter type: of the model, with the options that it has by default.
  init<Model: SessionModel>(_ type: Model.Type, items: Int, sessions count: Int) {
    makeModel = { Model(Model.Options(), items: items) }
    model = makeModel()
    model.parameters.initialise(seed: 7)
    let mask = (0...items).map { UInt8($0 * 37 % 64) }
    let counts = (0..<6 * (items + 1)).map { Int32($0 * 31 % 50) }
    products = CandidateTable(localeMask: mask, trainCount: counts)
    names = .amazon
    sessions = SessionTable(
      sessions: (0..<count).map { s in (0...s % 5).map { Int32((s * 101 + $0 * 17) % items + 1) } },
      targets: (0..<count).map { Int32($0 * 193 % items + 1) },
      locales: (0..<count).map { ShopLocale.allCases[$0 % 6] })
  }

  /// Of one tile, which is less than a rank's share where there are several; of two stripes, which are fewer than some
  /// numbers of ranks; of sixteen. With fewer chunks than ranks, and with more than a round has.
  static var all: [EvaluationShop] {
    [
      EvaluationShop(GRU4Rec.self, items: 300, sessions: 1),
      EvaluationShop(GRU4Rec.self, items: 300, sessions: 700),
      EvaluationShop(GRU4Rec.self, items: 1_300, sessions: 256),
      EvaluationShop(CORE.self, items: 1_300, sessions: 600),
      EvaluationShop(GRU4Rec.self, items: 9_000, sessions: 2_600),
    ]
  }

  /// Candidates by locale without the sessions' own items, and all items.
  static var options: [EvaluationOptions] {
    var some = EvaluationOptions()
    some.candidates = .locale
    some.filterSeen = true
    return [some, EvaluationOptions()]
  }

  var selection: [Int32] { Array(0..<Int32(sessions.count)) }

  var description: String {
    "\(type(of: model).name) of \(model.parameters.itemTable.rows - 1) items, \(sessions.count) sessions"
  }

  /// The model again, with its item table where `placement` has it and nowhere else; collective.
  func served(_ placement: TablePlacement, _ group: any ProcessGroup) throws -> ServedModel {
    let served = makeModel()
    served.parameters.initialiseDense(seed: 7)
    let table = ItemTable(served.parameters, placement: placement, group: group)
    let whole = model.parameters.itemTable.value.elements
    try table.receive(group.rank == 0 ? UnsafeBufferPointer(whole) : UnsafeBufferPointer(start: nil, count: 0))
    return try ServedModel(served, table)
  }
}
