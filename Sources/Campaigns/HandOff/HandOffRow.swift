import Evaluation
import Foundation

/// What came out for one model of a hand-off; the same bytes on any number of ranks.
package struct HandOffRow: Codable, Equatable, Sendable {
  package static let fileName = "handoff.json"

  /// `ES`, or `joint`.
  package var name: String
  /// Its run's folder, where that is not the name.
  package var folder: String?
  /// nil where there are none.
  package var locales: [String]?
  package var trainSessions: Int
  /// Figures are nil where the split has no sessions of the locales.
  package var zeroShot: RankingMetrics?
  package var fineTuned: RankingMetrics?
  package var fineTuning: Outcome
  /// Trained from scratch on the same sessions, with the same budget.
  package var scratch: RankingMetrics?
  package var scratchTraining: Outcome?
  /// Everything that the row follows from: what is done is not done again while these are the same.
  package var options: [String: String]

  /// How a training ended.
  package struct Outcome: Codable, Equatable, Sendable {
    package var steps: Int
    package var epochs: Int
    package var stoppedEarly: Bool
    /// The step and the value of the best epoch by the valid metric; nil without a valid split.
    package var bestStep: Int?
    package var bestValid: Double?
    /// SHA-256 of `checkpoints/best/model.safetensors`.
    package var model: String

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
