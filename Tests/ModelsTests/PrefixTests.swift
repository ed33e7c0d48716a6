import Foundation
import Learning
import MPI
import Models
import Sessions
import Tensors
import Testing

/// Every prefix as a target, against the same prefixes as sessions of their own.
@Suite struct PrefixTests {
  static let items = 40
  /// Every model, without dropout: a prefix in the pass of its session drops what the session drops, a session of
  /// its own does not.
  static let configurations = [
    "GRU4Rec embedding_size=12 hidden_size=10 num_layers=2",
    "NARM embedding_size=12 hidden_size=10 num_layers=2 dropout_probs=0,0",
    "STAMP embedding_size=12",
    "SRGNN embedding_size=12 step=2",
    "CORE dnn_type=ave embedding_size=12 sess_dropout=0 item_dropout=0",
    "CORE dnn_type=trm embedding_size=12 inner_size=20 max_length=9 sess_dropout=0 item_dropout=0 hidden_dropout=0 "
      + "attn_dropout=0",
    // Counted from a session's end, positions of a prefix go by whether it is a session of its own.
    "SASRec embedding_size=12 n_heads=2 max_length=9 positions=forward hidden_dropout=0",
    "SASRec embedding_size=12 n_heads=3 max_length=9 positions=forward layer_type=ligr hidden_dropout=0",
  ]
  /// Sessions of one click among them, items that come twice, and more targets than a multiple of sixteen.
  static let sessions: [[Int32]] = [
    [3, 4, 3, 5], [6], [7, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9], [30], [12, 40, 11], [2, 1],
  ]
  static let answers: [Int32] = [6, 39, 7, 10, 3, 12, 2]

  static func table(_ sessions: [[Int32]], _ answers: [Int32]) -> SessionTable {
    SessionTable(sessions: sessions, targets: answers, locales: sessions.map { _ in .es })
  }

  /// The prefixes as sessions, in the order of `BatchTargets`.
  static func expanded() -> (sessions: [[Int32]], answers: [Int32]) {
    var sessions: [[Int32]] = [], answers: [Int32] = []
    for (session, answer) in zip(Self.sessions, Self.answers) {
      for length in 1...session.count {
        sessions.append(Array(session.prefix(length)))
        answers.append(length < session.count ? session[length] : answer)
      }
    }
    return (sessions, answers)
  }

  private func makeModel(_ configuration: String) throws -> any SessionModel {
    let model = try ModelConfiguration(text: configuration).makeModel(items: Self.items)
    model.parameters.initialise(seed: 5)
    // Some weights start too small to tell a wrong gradient from none.
    for parameter in model.parameters.all where parameter.value.elements.allSatisfy({ abs($0) < 0.25 }) {
      for index in parameter.value.elements.indices { parameter.value.elements[index] *= 8 }
    }
    return model
  }

  /// The tolerance is that of float32 sums in another order: numbers of size 1, a few dozen terms.
  @Test(arguments: configurations)
  func allTargetsAreTheLastTargetsOfAllPrefixes(_ configuration: String) throws {
    let model = try makeModel(configuration), expanded = Self.expanded()
    func pass(
      _ rule: TargetRule, _ sessions: SessionTable
    ) throws -> (loss: Double, vectors: [Float], gradients: [String: [Float]]) {
      var options = Trainer.Options(lanes: 1)
      options.targets = rule
      return try Trainer(model, options, group: SoloGroup())
        .gradients(of: Array(0..<Int32(sessions.count)), from: sessions)
    }
    let all = try pass(.all, Self.table(Self.sessions, Self.answers))
    let last = try pass(.last, Self.table(expanded.sessions, expanded.answers))
    #expect(abs(all.loss / last.loss - 1) < 1e-6)
    #expect(all.vectors.count == expanded.sessions.count * 12 && last.vectors.count == all.vectors.count)
    for (one, other) in zip(all.vectors, last.vectors) { #expect(abs(one - other) < 1e-5 * max(1, abs(other))) }
    #expect(all.gradients.count == model.parameters.all.count)
    for (name, gradient) in all.gradients {
      let reference = last.gradients[name]!, largest = reference.map(abs).max()!
      let worst = zip(gradient, reference).map { abs($0 - $1) }.max()!
      #expect(worst <= 2e-5 * max(largest, 1e-2), "\(name): \(worst) of \(largest)")
    }
  }

  /// What a lane is filled with is its part of the batch's targets, however prefixes are held.
  @Test(arguments: [TargetRule.last, .all], [RaggedBatch.PrefixLayout.shared, .apart])
  func queriesAreTheBatchsTargets(_ rule: TargetRule, _ layout: RaggedBatch.PrefixLayout) {
    let table = Self.table(Self.sessions, Self.answers)
    let order: [Int32] = [6, 3, 0, 1, 2, 4, 5]
    // More lanes than sessions: some are empty.
    for lanes in [1, 4, 8] {
      let targets = BatchTargets(rule, of: order[...], lanes: lanes, from: table)
      var found: [Int32] = [], addresses: Set<Int32> = [], sessionCount = 0
      var batch = RaggedBatch()
      for lane in 0..<lanes {
        batch.fill(with: order[...], lane: lane, of: lanes, from: table, targets: rule, prefixes: layout)
        #expect(targets.firstOfLane[lane] == found.count)
        found += batch.targets
        addresses.formUnion(batch.positions)
        sessionCount += batch.count
        for query in 0..<batch.queryCount {
          // Whose prefix it is, by the address: the session's place in the batch.
          let place = Int(batch.positions[Int(batch.querySessions[query])]) % order.count
          let session = Self.sessions[Int(order[place])], seen = Array(batch.items[batch.clicks(seenBy: query)])
          #expect(Array(session.prefix(seen.count)) == seen)
          let next = seen.count < session.count ? session[seen.count] : Self.answers[Int(order[place])]
          #expect(batch.targets[query] == next)
        }
      }
      #expect(found == targets.rows)
      #expect(found.count == (rule == .last ? 7 : 22))
      #expect(sessionCount == (rule == .all && layout == .apart ? 22 : 7))
      #expect(addresses.count == sessionCount, "every session has an address of its own")
    }
  }

  /// Dropout after a query's pooling is the query's own; before it, a click is dropped once for all prefixes.
  @Test func dropoutOfPrefixes() throws {
    func vectors(_ dropouts: String) throws -> [[Float]] {
      let model = try makeModel("NARM embedding_size=12 hidden_size=10 dropout_probs=\(dropouts)")
      var batch = RaggedBatch()
      batch.appendAllPrefixes(of: [5, 5, 5, 5], target: 5, position: 3)
      batch.append([5, 5], target: 5, position: 3)
      let arena = Arena()
      defer { withExtendedLifetime(arena) {} }
      let tape = Tape(arena: arena, gradients: nil, randomness: DropoutKey(seed: 1, step: 2))
      let encoded = model.encode(batch, on: tape).value
      return (0..<5).map { encoded.rows($0..<$0 + 1).array }
    }
    let clicksDropped = try vectors("0.5,0")
    for (one, other) in zip(clicksDropped[1], clicksDropped[4]) { #expect(abs(one - other) < 1e-6) }
    let none = try vectors("0,0"), queriesDropped = try vectors("0,0.5")
    #expect(clicksDropped[0] != none[0])
    #expect(queriesDropped[1] != queriesDropped[4], "a whole session of two clicks, and a prefix of two")
    #expect(Set(queriesDropped).count == 5)
  }
}
