import Foundation
import Models
import Sessions
import Storage
import Tensors

/// A file of reference numbers that another implementation computed: see Fixtures/README.md.
public struct Fixture: Sendable, CustomStringConvertible {
  /// The file's name without its ending.
  public let name: String
  /// Where the file is.
  public var path: String { file.path }
  /// Its name, for the output of tests.
  public var description: String { name }
  private let file: SafetensorsFile

  public init(path: String) throws {
    name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    file = try SafetensorsFile(path: path)
  }

  /// All fixtures whose model is one of `models`: those in the folder that CARAVAN_FIXTURES names, or else the
  /// project's own copies.
  /// - Parameter trajectories: whether to give the runs of several steps, or the single steps.
  public static func all(trajectories: Bool) throws -> [Fixture] {
    try everyFile().filter {
      $0.file.metadata["model"] != nil && $0.file.names.contains("expected.loss") == trajectories
    }
  }

  /// All fixtures of losses over samples, likewise.
  public static func sampledLosses() throws -> [Fixture] {
    try everyFile().filter { $0.file.names.contains("input.item_probability") }
  }

  private static func everyFile() throws -> [Fixture] {
    let folder =
      ProcessInfo.processInfo.environment["CARAVAN_FIXTURES"]
      ?? Bundle.module.resourceURL!.appendingPathComponent("Fixtures").path
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .filter { $0.hasSuffix(".safetensors") }.map { try Fixture(path: folder + "/" + $0) }
  }

  /// The model's name there: `GRU4Rec` …
  public var model: String { file.metadata["model"]! }

  /// A number of the metadata.
  public func number(_ key: String) -> Double { Double(file.metadata[key]!)! }

  /// A whole number of the metadata.
  public func integer(_ key: String) -> Int { Int(file.metadata[key]!)! }

  /// A text of the metadata, which is written as JSON.
  public func text(_ key: String) -> String { file.metadata[key]!.trimmingCharacters(in: ["\""]) }

  /// What is asked about each session: its last item where the file does not say.
  var targets: TargetRule { file.metadata["targets"] == nil ? .last : TargetRule(rawValue: text("targets"))! }

  /// The elements of a tensor, and its shape.
  public func floats(_ tensor: String) throws -> [Float] { Array(try file.array(tensor, as: Float.self)) }
  public func integers(_ tensor: String) throws -> [Int32] { Array(try file.array(tensor, as: Int32.self)) }
  public func shape(_ tensor: String) throws -> [Int] { try file.tensor(tensor).shape }

  /// Whether there is such a tensor.
  public func has(_ tensor: String) -> Bool { file.names.contains(tensor) }

  /// The names of the weights under a prefix: `grad.`, `weight.`, `init.`, `final.`.
  public func weights(_ prefix: String) -> [String] {
    file.names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }

  /// The catalogue's items, without padding.
  public var items: Int { integer("n_items_with_padding") - 1 }

  /// The sessions of an input `[sessions, longest]`, padded on the right; several batches one after another.
  public func sessions(_ prefix: String) throws -> SessionTable {
    let clicks = try integers(prefix + "item_seq"), lengths = try integers(prefix + "item_seq_len")
    let longest = try shape(prefix + "item_seq").last!
    let sessions = lengths.enumerated().map { session, length in
      Array(clicks[session * longest..<session * longest + Int(length)])
    }
    let targets = try integers(prefix + "target")
    return SessionTable(sessions: sessions, targets: targets, locales: targets.map { _ in .uk })
  }

  /// The model that the file describes, with the weights under `prefix`; nil for a model that there is not.
  public func makeModel(weights prefix: String) throws -> (any SessionModel)? {
    guard let model = untrainedModel() else { return nil }
    for parameter in model.parameters.all {
      let weights = try floats(prefix + parameter.name)
      precondition(weights.count == parameter.value.count, "\(name): \(parameter.name)")
      _ = parameter.value.elements.update(fromContentsOf: weights)
    }
    return model
  }

  private func untrainedModel() -> (any SessionModel)? {
    switch model {
    case "GRU4Rec":
      var options = GRU4Rec.Options()
      options.embeddingSize = integer("embedding_size")
      options.hiddenSize = integer("hidden_size")
      options.layers = integer("num_layers")
      return GRU4Rec(options, items: items)
    case "NARM":
      var options = NARM.Options()
      options.embeddingSize = integer("embedding_size")
      options.hiddenSize = integer("hidden_size")
      options.layers = integer("n_layers")
      options.dropouts = DropoutPair(embedding: 0, session: 0)
      return NARM(options, items: items)
    case "STAMP":
      var options = STAMP.Options()
      options.embeddingSize = integer("embedding_size")
      return STAMP(options, items: items)
    case "SRGNN":
      var options = SRGNN.Options()
      options.embeddingSize = integer("embedding_size")
      options.step = integer("step")
      return SRGNN(options, items: items)
    case "CORE":
      var options = CORE.Options()
      options.encoder = CORE.Encoder(rawValue: text("dnn_type"))!
      options.embeddingSize = integer("embedding_size")
      options.maximumLength = integer("max_len")
      options.layers = integer("n_layers")
      options.heads = integer("n_heads")
      options.innerSize = integer("inner_size")
      options.activation = Activation(rawValue: text("hidden_act"))!
      options.layerNormEpsilon = Float(number("layer_norm_eps"))
      options.temperature = Float(number("temperature"))
      (options.sessionDropout, options.itemDropout) = (0, 0)
      (options.hiddenDropout, options.attentionDropout) = (0, 0)
      return CORE(options, items: items)
    case "SASRec":
      var options = SASRec.Options()
      options.embeddingSize = integer("embedding_size")
      options.layerType = SASRec.LayerType(rawValue: text("layer_type"))!
      options.layers = integer("n_layers")
      options.heads = integer("n_heads")
      options.maximumLength = integer("max_length")
      options.hiddenDropout = 0
      return SASRec(options, items: items)
    default: return nil
    }
  }
}

/// The largest |found - expected| / max(1, |expected|).
public func largestDifference(_ found: [Float], _ expected: [Float]) -> Float {
  precondition(found.count == expected.count, "\(found.count) numbers, expected \(expected.count)")
  return zip(found, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
}
