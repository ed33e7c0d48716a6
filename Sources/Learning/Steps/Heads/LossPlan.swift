import OptionTables

/// What a run minimises.
public struct LossPlan: Equatable, Sendable {
  /// The losses: over the whole catalogue, over in-batch targets and shared samples (Hidasi and Karatzoglou,
  /// "Recurrent Neural Networks with Top-k Gains for Session-based Recommendations", CIKM 2018), or over the target and
  /// shared samples (`bce`, `gbce`).
  public enum Kind: String, CaseIterable, Sendable {
    /// Cross-entropy over the whole catalogue.
    case crossEntropy = "ce"
    /// Cross-entropy over the targets of the batch and the samples.
    case sampledCrossEntropy = "ce-sampled"
    case bprMax = "bpr-max"
    case top1Max = "top1-max"
    /// Binary cross-entropy of the target and the samples. It first learns how popular items are, and may take a dozen
    /// epochs before it goes on from there.
    case bce
    /// The same with the target's probability to a power, which makes up for the negatives that were not sampled.
    case generalisedBCE = "gbce"
  }

  /// What sampled scores go through before the loss.
  public enum Activation: Equatable, Sendable {
    case linear
    /// x above 0, alpha · (exp(x) - 1) below.
    case elu(alpha: Float)
  }

  /// Another kind comes with its usual `sampleAlpha`, which is therefore set after it.
  public var kind = Kind.crossEntropy {
    didSet { sampleAlpha = kind.isBinary ? 0 : 0.75 }
  }
  /// Items drawn for each step, beside the batch's own targets.
  public var samples = 2048
  /// An item is drawn with a probability proportional to its occurrences in training to this power. 0, all items alike,
  /// is what binary losses were proposed with: other negatives would teach them how unlike the popular an item is.
  public var sampleAlpha = 0.75
  /// BPR-max: how much the negatives' squared scores count.
  public var bprRegularisation: Float = 1
  /// Sampled cross-entropy: how much of the log-probability of being there is taken off a score.
  public var logQ: Float = 1
  /// Sampled losses: what scores go through first.
  public var activation = Activation.linear
  /// gBCE: its calibration t, from 0, as binary cross-entropy, to 1, probabilities as of the whole catalogue.
  public var gbceT = 0.75

  /// Cross-entropy over the whole catalogue.
  public init() {}

  /// Whether the loss is over the whole catalogue.
  package var isFull: Bool { kind == .crossEntropy }
}

extension LossPlan {
  private static let sampled = OptionDeclaration<LossPlan>.Decides.whenUsed { !$0.isFull }

  package static let table = OptionTable<LossPlan>([
    OptionDeclaration(
      "loss", \.kind, .choice, aliases: ["loss_type"],
      "ce: the whole catalogue; over samples: ce-sampled, bpr-max, top1-max, bce, gbce."),
    OptionDeclaration(
      "n_sample", \.samples, .wholeNumber(0...(1 << 24)), decides: sampled,
      "Losses over samples: items drawn for each step, beside the batch's own targets; for bce and gbce all of the "
        + "negatives."),
    OptionDeclaration(
      "sample_alpha", \.sampleAlpha, .number("a number from 0 to 10") { (0...10).contains($0) }, decides: sampled,
      "Losses over samples: items are drawn in proportion to their occurrences to this power; bce and gbce have 0, unless "
        + "it is given."),
    OptionDeclaration(
      "bpreg", \.bprRegularisation, .number("a number from 0 to 1000000") { (0...1e6).contains($0) }, decides: sampled,
      "bpr-max: how much the negatives' squared scores count."),
    OptionDeclaration(
      "logq", \.logQ, .number("a number from 0 to 100") { (0...100).contains($0) }, decides: sampled,
      "ce-sampled: correction for how often items are drawn (logQ); 1 all of it, 0 none."),
    OptionDeclaration(
      "gbce_t", \.gbceT, .number("a number from 0 to 1") { (0...1).contains($0) },
      decides: .whenUsed { $0.kind == .generalisedBCE },
      "gbce: calibration, as in gSASRec; 0 is bce, 1 has probabilities as over the whole catalogue."),
    OptionDeclaration(
      "final_act", \.activation, .activation, decides: sampled,
      "Losses over samples: what scores go through first, as in GRU4Rec: linear, nothing; elu-0.5, an ELU of that alpha."
    ),
  ])
}

extension OptionKind<LossPlan.Activation> {
  fileprivate static var activation: Self {
    Self("linear, or elu-0.5 or the like", valueName: "linear|elu-…") { text in
      if text == "linear" { return .linear }
      guard text.hasPrefix("elu-") else { return nil }
      return OptionKind<Float>.positive.parse(String(text.dropFirst(4))).map { .elu(alpha: $0) }
    } text: {
      switch $0 {
      case .linear: "linear"
      case .elu(let alpha): "elu-\(alpha)"
      }
    }
  }
}
