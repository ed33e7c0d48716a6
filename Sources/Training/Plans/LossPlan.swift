import Models

/// What a run minimises. Coded flat, beside a plan's other options.
public struct LossPlan: Equatable, Sendable {
  /// The losses: over the whole catalogue, or over in-batch targets and shared samples (Hidasi and Karatzoglou,
  /// "Recurrent Neural Networks with Top-k Gains for Session-based Recommendations", CIKM 2018).
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// Cross-entropy over the whole catalogue.
    case crossEntropy = "ce"
    /// Cross-entropy over the targets of the batch and the samples.
    case sampledCrossEntropy = "ce-sampled"
    case bprMax = "bpr-max"
    case top1Max = "top1-max"
  }

  /// What sampled scores go through before the loss.
  public enum Activation: Codable, Equatable, Sendable {
    case linear
    /// x above 0, alpha · (exp(x) - 1) below.
    case elu(alpha: Float)
  }

  public var kind = Kind.crossEntropy
  /// Items drawn for each step, beside the batch's own targets.
  public var samples = 2048
  /// An item is drawn with a probability proportional to its occurrences in training to this power.
  public var sampleAlpha = 0.75
  /// BPR-max: how much the negatives' squared scores count.
  public var bprRegularisation: Float = 1
  /// Sampled cross-entropy: how much of the log-probability of being there is taken off a score.
  public var logQ: Float = 1
  public var activation = Activation.linear

  public init() {}

  /// Whether the loss is over the whole catalogue.
  var isFull: Bool { kind == .crossEntropy }

  /// - Throws: `TrainingError.badOption` for the first value that makes no sense.
  func validate() throws {
    try requireOption(samples >= 0, "n_sample", samples, "a whole number from 0 up")
    try requireOption(sampleAlpha >= 0, "sample_alpha", sampleAlpha, "a number from 0 up")
    try requireOption(bprRegularisation >= 0, "bpreg", bprRegularisation, "a number from 0 up")
    try requireOption(logQ >= 0, "logq", logQ, "a number from 0 up")
  }
}

extension LossPlan.Activation {
  /// `linear`, or `elu-` and a number.
  init?(text: String) {
    if text == "linear" {
      self = .linear
    } else if text.hasPrefix("elu-"), let alpha = Float(text.dropFirst(4)), alpha > 0 {
      self = .elu(alpha: alpha)
    } else {
      return nil
    }
  }

  var text: String {
    switch self {
    case .linear: "linear"
    case .elu(let alpha): "elu-\(alpha)"
    }
  }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let activation = Self(text: text) else {
      throw TrainingError.badOption(name: "final_act", value: text, allowed: "linear, or elu-0.5 or the like")
    }
    self = activation
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension LossPlan: Codable {
  enum CodingKeys: String, CodingKey {
    case kind = "loss"
    case samples = "n_sample"
    case sampleAlpha = "sample_alpha"
    case bprRegularisation = "bpreg"
    case logQ = "logq"
    case activation = "final_act"
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    kind = try values.value(.kind, or: kind)
    samples = try values.value(.samples, or: samples)
    sampleAlpha = try values.value(.sampleAlpha, or: sampleAlpha)
    bprRegularisation = try values.value(.bprRegularisation, or: bprRegularisation)
    logQ = try values.value(.logQ, or: logQ)
    activation = try values.value(.activation, or: activation)
  }
}
