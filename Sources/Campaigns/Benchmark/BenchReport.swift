import Evaluation
import Foundation
import Learning
import Text

/// What `caravan bench` found out. Seconds are means over the timed steps.
package struct BenchReport: Codable, Sendable {
  package var model: String
  package var items: Int
  package var batchSize: Int
  package var lanes: Int
  package var ranks: Int
  package var threadsPerRank: Int
  package var precision: String
  package var instructionSet: String
  package var caravan: String
  package var commit: String
  package var mpi: String
  package var oneDNN: String
  /// Where the item table was.
  package var itemTable: String
  /// The loss and its targets, as `--loss` and `--targets` have them.
  package var lossKind: String
  package var targets: String
  package var steps: Int

  package var secondsPerStep: Double
  package var sessionsPerSecond: Double
  package var targetsPerSecond: Double
  /// Where a step's time goes, by phase: means over the ranks.
  package var phases: [String: Double]

  /// The head's products of a step, of all ranks, in 10⁹ operations: the logits, over the whole catalogue twice, and two
  /// gradients.
  package var gflopPerStep: Double
  /// Those over the whole step's time, in 10⁹ operations a second.
  package var gflops: Double
  /// What matrix products alone reach here, all ranks and threads at once, measured in the same run.
  package var peakGflops: Double
  package var shareOfPeak: Double

  /// The most that each rank's process had in memory.
  package var peakMemoryBytes: [Int]
  /// What training needs of it, by the forecast.
  package var forecastBytes: [Int]
  /// What each rank sent in a step.
  package var bytesSentPerStep: [Int]

  /// Of evaluation over the whole catalogue.
  package var evaluatedSessionsPerSecond: Double
  /// The mean loss of the last step, in nats: the same on any number of ranks and threads.
  package var loss: Double

  enum CodingKeys: String, CodingKey {
    case model, items, lanes, ranks, precision, steps, phases, gflops, loss, caravan, commit, mpi
    case oneDNN = "onednn"
    case batchSize = "batch_size"
    case itemTable = "item_table"
    case lossKind = "loss_kind"
    case targets
    case targetsPerSecond = "targets_per_second"
    case threadsPerRank = "threads_per_rank"
    case instructionSet = "instruction_set"
    case secondsPerStep = "seconds_per_step"
    case sessionsPerSecond = "sessions_per_second"
    case gflopPerStep = "gflop_per_step"
    case peakGflops = "peak_gflops"
    case shareOfPeak = "share_of_peak"
    case peakMemoryBytes = "peak_memory_bytes"
    case forecastBytes = "forecast_bytes"
    case bytesSentPerStep = "bytes_sent_per_step"
    case evaluatedSessionsPerSecond = "evaluated_sessions_per_second"
  }

  /// The report as JSON with sorted keys.
  package func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self) + [UInt8(ascii: "\n")]
  }

  /// The report as a table.
  package var table: String {
    func megabytes(_ bytes: [Int]) -> String {
      bytes.map { (Double($0) / 1e6).formatted(digits: 1) }.joined(separator: ", ") + " MB"
    }
    let rows = [
      ["seconds a step", secondsPerStep.formatted(digits: 4)],
      ["sessions/s", sessionsPerSecond.formatted(digits: 0)],
      ["targets/s", targetsPerSecond.formatted(digits: 0)],
      ["GFLOP/s of the head, over the whole step", gflops.formatted(digits: 1)],
      ["GFLOP/s of matrix products alone", peakGflops.formatted(digits: 1)],
      ["share of that", (100 * shareOfPeak).formatted(digits: 1) + " %"],
      ["peak memory a rank", megabytes(peakMemoryBytes)],
      ["forecast of that", megabytes(forecastBytes)],
      ["sent in a step a rank", megabytes(bytesSentPerStep)],
      ["evaluated sessions/s", evaluatedSessionsPerSecond.formatted(digits: 0)],
      ["loss of the last step", loss.formatted(digits: 6)],
    ]
    let split = StepPhase.allCases.compactMap { phase in
      phases[phase.rawValue].map { seconds in
        [
          "  " + phase.rawValue.replacing("_", with: " "), seconds.formatted(digits: 4),
          (100 * seconds / secondsPerStep).formatted(digits: 1) + " %",
        ]
      }
    }
    return "\(model), \(items) items, batch \(batchSize), \(lanes) lanes, \(lossKind), \(precision), \(itemTable), "
      + "\(counted(ranks, "rank")) × \(counted(threadsPerRank, "thread")), "
      + "\(instructionSet)\n" + alignedTable(rows) + "a step's time, mean over the ranks:\n" + alignedTable(split)
  }
}
