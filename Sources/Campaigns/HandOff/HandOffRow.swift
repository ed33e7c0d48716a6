import Evaluation
import Foundation

/// What came out for one model of a hand-off; the same bytes on any number of ranks.
public struct HandOffRow: Codable, Equatable, Sendable {
  package static let fileName = "handoff.json"

  /// `ES`, or `joint`.
  public var name: String
  /// Its run's folder, where that is not the name.
  public var folder: String?
  /// nil where there are none.
  public var locales: [String]?
  public var trainSessions: Int
  /// Figures are nil where the split has no sessions of the locales.
  public var zeroShot: RankingMetrics?
  public var fineTuned: RankingMetrics?
  public var fineTuning: Outcome
  /// Trained from scratch on the same sessions, with the same budget.
  public var scratch: RankingMetrics?
  public var scratchTraining: Outcome?
  /// Everything that the row follows from: what is done is not done again while these are the same.
  public var options: [String: String]

  /// How a training ended.
  public struct Outcome: Codable, Equatable, Sendable {
    public var steps: Int
    public var epochs: Int
    public var stoppedEarly: Bool
    /// The step and the value of the best epoch by the valid metric; nil without a valid split.
    public var bestStep: Int?
    public var bestValid: Double?
    /// SHA-256 of `checkpoints/best/model.safetensors`.
    public var model: String

    enum CodingKeys: String, CodingKey {
      case steps, epochs, model
      case stoppedEarly = "stopped_early"
      case bestStep = "best_step"
      case bestValid = "best_valid"
    }
  }

  enum CodingKeys: String, CodingKey {
    case name, folder, locales, scratch, options
    case trainSessions = "train_sessions"
    case zeroShot = "zero_shot"
    case fineTuned = "fine_tuned"
    case fineTuning = "fine_tuning"
    case scratchTraining = "scratch_training"
  }

  func encoded() throws -> Data { try handOffJSON(self) }
}

/// Sorted keys and a line break at the end: the same content is the same bytes.
func handOffJSON(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return try encoder.encode(value) + Data("\n".utf8)
}
