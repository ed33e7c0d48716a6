import Foundation
import Models
import OptionTables
import Sessions
import Tensors
import TestSupport
import Testing

/// What every model keeps, whatever its formula.
@Suite struct ModelTests {
  static let items = 30
  /// Small models with dropout wherever they have any.
  static let configurations = [
    "GRU4Rec embedding_size=12 hidden_size=10 num_layers=2 dropout=0.3 state_dropout=0.2",
    "NARM embedding_size=12 hidden_size=10 dropout_probs=0.25,0.5",
    "STAMP embedding_size=12",
    "SRGNN embedding_size=12 step=2",
    "CORE dnn_type=ave embedding_size=12",
    "CORE dnn_type=trm embedding_size=12 n_layers=2 inner_size=20 max_length=9",
    "SASRec embedding_size=12 n_heads=2 max_length=9",
    "SASRec embedding_size=12 n_heads=3 max_length=9 layer_type=ligr inner_size=20 positions=forward attn_dropout=0.4",
  ]
  static let sessions: [[Int32]] = [[3, 4, 3, 5], [6], [7, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9], [30]]

  private func makeModel(_ configuration: String) throws -> any SessionModel {
    let model = try ModelConfiguration(text: configuration).makeModel(items: Self.items)
    model.parameters.initialise(seed: 5)
    return model
  }

  /// Some of the sessions, each at its own position of the global batch.
  private func batch(_ numbers: [Int]) -> RaggedBatch {
    var batch = RaggedBatch()
    for number in numbers { batch.append(Self.sessions[number], target: 1, position: number) }
    return batch
  }

  @Test(arguments: configurations)
  func aLaneWithoutSessionsRunsBothWays(_ configuration: String) throws {
    let model = try makeModel(configuration)
    let arena = Arena(), dense = FloatStorage(count: model.parameters.denseStorage.count)
    let tape = Tape(arena: arena, gradients: dense.base, randomness: DropoutKey(seed: 1, step: 0))
    let vectors = model.encode(batch([]), on: tape)
    #expect(vectors.value.rows == 0 && vectors.value.columns == 12)
    tape.backward(from: vectors, gradient: arena.uninitialised(rows: 0, columns: 12))
    #expect(dense.elements.allSatisfy { $0 == 0 })
  }

  /// A session's vector and what it drops are its own. The tolerance is for matrix products, whose bits may go by
  /// the number of rows.
  @Test(arguments: configurations, [false, true])
  func companyDoesNotMatter(_ configuration: String, _ training: Bool) throws {
    let model = try makeModel(configuration)
    let arena = Arena(), dense = FloatStorage(count: model.parameters.denseStorage.count)
    func vectors(_ numbers: [Int]) -> [[Float]] {
      let tape =
        training
        ? Tape(arena: arena, gradients: dense.base, randomness: DropoutKey(seed: 1, step: 7))
        : .evaluating(in: arena)
      let vectors = model.encode(batch(numbers), on: tape).value
      return numbers.indices.map { vectors.rows($0..<$0 + 1).array }
    }
    let together = vectors([4, 2, 0, 3, 1])
    for (place, number) in [4, 2, 0, 3, 1].enumerated() {
      let alone = vectors([number])[0]
      #expect(alone.count == 12 && alone.contains { $0 != 0 })
      for (found, expected) in zip(together[place], alone) { #expect(abs(found - expected) < 2e-6) }
    }
    #expect(Set(together).count == 5)
  }

  /// Directional derivatives of a whole model, dropout on: along the gradient g, the loss changes by |g|² a step.
  /// The quotient's step is 1e-2 / |g|, so that float32's error of 1e-6 in the loss makes 1e-4 of |g|; the
  /// second-order error is of the same order in a central difference.
  @Test(arguments: configurations)
  func gradientsAreThoseOfTheWholeModel(_ configuration: String) throws {
    let model = try makeModel(configuration)
    let arena = Arena(), dense = FloatStorage(count: model.parameters.denseStorage.count)
    let batch = batch([0, 1, 2, 3, 4]), key = DropoutKey(seed: 1, step: 7)
    // STAMP's first weights are too small to see anything by: all are made somewhat larger.
    for parameter in model.parameters.all where configuration.hasPrefix("STAMP") {
      for index in parameter.value.elements.indices { parameter.value.elements[index] *= 8 }
    }
    func weight(_ index: Int) -> Float { Float(sin(Double(index) * 1.7 + 0.3)) }
    func projection() -> Double {
      let tape = Tape(arena: arena, gradients: nil, randomness: key)
      return model.encode(batch, on: tape).value.array.enumerated()
        .reduce(0) { $0 + Double(weight($1.offset)) * Double($1.element) }
    }

    let tape = Tape(arena: arena, gradients: dense.base, randomness: key)
    let vectors = model.encode(batch, on: tape)
    let seed = arena.uninitialised(rows: vectors.value.rows, columns: vectors.value.columns)
    for index in seed.elements.indices { seed.elements[index] = weight(index) }
    tape.backward(from: vectors, gradient: seed)
    let table = FloatStorage(count: model.parameters.tableStorage.count)
    for lookup in tape.lookups {
      for (place, row) in lookup.index.enumerated() {
        table.tensor(at: Int(row) * 12, rows: 1, columns: 12).add(lookup.gradient!.rows(place..<place + 1))
      }
    }

    for (weights, gradient) in [(model.parameters.denseStorage, dense), (model.parameters.tableStorage, table)] {
      let square = gradient.elements.reduce(0) { $0 + Double($1) * Double($1) }
      guard square > 0 else {
        #expect(weights.count == 0, "\(configuration) has no gradient")
        continue
      }
      let step = 1e-2 / square.squareRoot()
      let start = Array(weights.elements)
      func value(_ factor: Double) -> Double {
        for index in start.indices {
          weights.elements[index] = start[index] + Float(factor * step) * gradient.elements[index]
        }
        return projection()
      }
      let quotient = (value(1) - value(-1)) / (2 * step)
      _ = weights.elements.update(fromContentsOf: start)
      #expect(abs(quotient / square - 1) < 2e-3, "\(configuration): \(quotient), expected \(square)")
    }
  }

  @Test(arguments: configurations)
  func optionsSurviveBeingWritten(_ configuration: String) throws {
    let first = try ModelConfiguration(text: configuration)
    let written = first.table.texts(of: first).reduce(into: ["model": first.name]) { $0[$1.name] = $1.text }
    let second = try ModelConfiguration(options: written)
    #expect(second.table.texts(of: second).map(\.text) == first.table.texts(of: first).map(\.text))
    #expect(second.name == first.name)
    for word in configuration.split(separator: " ").dropFirst() {
      let parts = word.split(separator: "=")
      #expect(written[String(parts[0])] == String(parts[1]), "\(word)")
    }
    try second.validate()
  }

  @Test func dropoutProbsAreTextOrAList() throws {
    func pair(_ text: String) throws -> String? {
      try ModelConfiguration(options: ["model": "narm", "dropout_probs": text]).table["dropout_probs"]?.read(
        ModelConfiguration(options: ["model": "narm", "dropout_probs": text]))
    }
    #expect(try pair("0.1, 0.2") == "0.1,0.2")
    #expect(try pair("[0.1, 0.2]") == "0.1,0.2")
    for wrong in ["0.1", "0.1,x", "[0.1]", "3", "0.1,0.2,0.3", "0.1,1", "nan,0", ""] {
      #expect(throws: OptionError.self) { try pair(wrong) }
    }
  }

  @Test func optionsWithoutSenseAreRefused() throws {
    var core = CORE.Options()
    core.heads = 3
    #expect(
      throws: OptionError.badValue("--n-heads", value: "3", allowed: "a divisor of the embedding size 64")
    ) { try core.validate() }
    core.encoder = .average
    try core.validate()
    core.temperature = 0
    #expect(throws: OptionError.self) { try core.validate() }
    var sasrec = SASRec.Options()
    sasrec.heads = 5
    #expect(
      throws: OptionError.badValue("--n-heads", value: "5", allowed: "a divisor of the embedding size 64")
    ) { try sasrec.validate() }
    var narm = NARM.Options()
    narm.dropouts.session = 1
    #expect(throws: OptionError.self) { try narm.validate() }
  }

  /// RecBole's or RecTools' first weights, model by model; a large table makes the moments certain to a few per cent.
  @Test func weightsStartAsInTheReference() {
    func spread(_ model: some SessionModel, _ name: String) -> (deviation: Double, largest: Double) {
      model.parameters.initialise(seed: 1)
      let parameter = model.parameters.all.first { $0.name == name }!
      let values = parameter.value.array.dropFirst(parameter === model.parameters.itemTable ? 64 : 0).map(Double.init)
      return (
        (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot(), values.map(abs).max()!
      )
    }
    func close(_ found: Double, _ expected: Double) -> Bool { abs(found / expected - 1) < 0.05 }
    let items = 2000, uniform = 1 / 8.0, third = 3.0.squareRoot()
    let narm = NARM(NARM.Options(), items: items)
    #expect(close(spread(narm, "item_embedding.weight").deviation, (2.0 / (2001 + 64)).squareRoot()))
    #expect(close(spread(narm, "b.weight").deviation, (2.0 / (64 + 256)).squareRoot()))
    #expect(close(spread(narm, "gru.weight_hh_l0").deviation, 1 / 128.0.squareRoot() / third))
    let stamp = STAMP(STAMP.Options(), items: items)
    #expect(close(spread(stamp, "item_embedding.weight").deviation, 0.002))
    #expect(close(spread(stamp, "w2.weight").deviation, 0.05))
    #expect(spread(stamp, "b_a").largest == 0 && spread(stamp, "mlp_a.bias").largest == 0)
    let graph = SRGNN(SRGNN.Options(), items: items)
    for name in ["item_embedding.weight", "gnn.w_ih", "gnn.b_hh", "gnn.linear_edge_in.bias"] {
      let found = spread(graph, name)
      #expect(found.largest <= uniform && found.largest > 0.9 * uniform, "\(name)")
    }
    let core = CORE(CORE.Options(), items: items)
    for name in ["item_embedding.weight", "net.LayerNorm.weight", "net.position_embedding.weight"] {
      let found = spread(core, name)
      #expect(found.largest <= uniform && found.largest > 0.9 * uniform, "\(name)")
    }
    let sasrec = SASRec(SASRec.Options(), items: items), layer = "transformer_layers.transformer_blocks.1."
    #expect(close(spread(sasrec, "pos_encoding_layer.pos_emb.weight").deviation, (2.0 / (50 + 64)).squareRoot()))
    #expect(close(spread(sasrec, layer + "multi_head_attn.in_proj_weight").deviation, (2.0 / (4 * 64)).squareRoot()))
    #expect(spread(sasrec, layer + "multi_head_attn.in_proj_bias").largest == 0)
    #expect(spread(sasrec, layer + "feed_forward.ff_linear_1.bias").largest > 0.8 * uniform)
    let gain = sasrec.parameters.all.first { $0.name == "transformer_layers.last_layernorm.weight" }
    #expect(gain?.value.elements.allSatisfy { $0 == 1 } == true)
  }

  /// Counted from the end, positions of a prefix are those of its session in the pass that they share, and its own where
  /// it is a session by itself: the longest prefix is the same both ways, the others are not.
  @Test(arguments: SASRec.LayerType.allCases)
  func inversePositionsAreCountedFromTheSessionsEnd(_ layers: SASRec.LayerType) throws {
    let model = try makeModel("SASRec embedding_size=12 n_heads=2 max_length=5 layer_type=\(layers.rawValue)")
    func vectors(_ fill: (inout RaggedBatch) -> Void) -> [[Float]] {
      var batch = RaggedBatch()
      fill(&batch)
      let arena = Arena()
      defer { withExtendedLifetime(arena) {} }
      let vectors = model.encode(batch, on: .evaluating(in: arena)).value
      return (0..<batch.queryCount).map { vectors.rows($0..<$0 + 1).array }
    }
    let shared = vectors { $0.appendAllPrefixes(of: [3, 4, 3, 5, 9], target: 1, position: 0) }
    let apart = (1...5).flatMap { length in
      vectors { $0.append([3, 4, 3, 5, 9].prefix(length), target: 1, position: 0) }
    }
    for (one, other) in zip(shared[4], apart[4]) { #expect(abs(one - other) < 2e-6) }
    for prefix in 0..<4 {
      #expect(zip(shared[prefix], apart[prefix]).contains { abs($0 - $1) > 1e-2 }, "prefix \(prefix)")
    }
  }
}
