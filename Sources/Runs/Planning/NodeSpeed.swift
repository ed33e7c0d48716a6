import Foundation
import Models
import Tensors
import Text

/// What a node can do, in the constants of a step's cost. `caravan bench --calibrate` measures them.
package struct NodeSpeed: Codable, Equatable, Sendable {
  /// What was measured, in words.
  package var machine: String
  /// By precision.
  package var head: [String: Head]
  /// Encoding a click forwards and backwards, by model with its default sizes, in microseconds of one core.
  package var encoderMicroseconds: [String: Double]
  /// What a core reads and writes while all others do, in 10⁹ bytes a second.
  package var memoryGigabytesPerSecond: Double
  /// What a rank sends to others of its node, in 10⁹ bytes a second.
  package var exchangeGigabytesPerSecond: Double
  /// What a message costs beside its bytes: to a rank of the node, and to another node.
  package var messageMicroseconds: Double
  package var networkMessageMicroseconds: Double
  /// What a checkpoint's file takes, in 10⁶ bytes a second.
  package var checkpointMegabytesPerSecond: Double

  /// The catalogue head on one core.
  package struct Head: Codable, Equatable, Sendable {
    /// Its products, in 10⁹ operations a second.
    package var gflops: Double
    /// What else a logit costs in both walks together, its exponentials above all, in nanoseconds.
    package var nanosecondsPerLogit: Double

    package init(gflops: Double, nanosecondsPerLogit: Double) {
      self.gflops = gflops
      self.nanosecondsPerLogit = nanosecondsPerLogit
    }

    enum CodingKeys: String, CodingKey {
      case gflops
      case nanosecondsPerLogit = "ns_per_logit"
    }
  }

  enum CodingKeys: String, CodingKey {
    case machine, head
    case encoderMicroseconds = "encoder_us_per_click"
    case memoryGigabytesPerSecond = "memory_gb_per_s"
    case exchangeGigabytesPerSecond = "exchange_gb_per_s"
    case messageMicroseconds = "message_us"
    case networkMessageMicroseconds = "network_message_us"
    case checkpointMegabytesPerSecond = "checkpoint_mb_per_s"
  }

  /// The machine of docs/performance.md.
  package static let zen4 = NodeSpeed(
    machine: "an AMD EPYC with Zen 4 cores (built-in constants)",
    head: [
      Precision.float32.rawValue: Head(gflops: 105, nanosecondsPerLogit: 0.33),
      Precision.bfloat16.rawValue: Head(gflops: 220, nanosecondsPerLogit: 0.85),
    ],
    encoderMicroseconds: encoderTimes(
      of: ModelConfiguration.names,
      timed: ["GRU4Rec": 6.9, "NARM": 9.8, "STAMP": 1.4, "SRGNN": 4.7, "CORE": 11, "SASRec": 8.2]),
    memoryGigabytesPerSecond: 40, exchangeGigabytesPerSecond: 5, messageMicroseconds: 5, networkMessageMicroseconds: 40,
    checkpointMegabytesPerSecond: 400)

  /// What is measured of some models, for all of them: a click of a model that nobody has timed is taken to cost as much as
  /// one of the dearest, so that a new model trains without a constant of its own.
  package static func encoderTimes(of names: [String], timed: [String: Double]) -> [String: Double] {
    guard let dearest = timed.values.max() else { return timed }
    return names.reduce(into: timed) { $0[$1] = timed[$1] ?? dearest }
  }

  /// - Parameter path: of a file that `caravan bench --calibrate` wrote.
  /// - Throws: `PlanningError.notACalibration`.
  package init(file path: String) throws(PlanningError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .notACalibration(path: path, reason: "it cannot be read")
    }
    do { self = try JSONDecoder().decode(NodeSpeed.self, from: data) } catch {
      throw .notACalibration(path: path, reason: "it is not what bench --calibrate writes")
    }
    let numbers =
      head.values.flatMap { [$0.gflops, $0.nanosecondsPerLogit] } + encoderMicroseconds.values
      + [
        memoryGigabytesPerSecond, exchangeGigabytesPerSecond, messageMicroseconds, networkMessageMicroseconds,
        checkpointMegabytesPerSecond,
      ]
    guard numbers.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw .notACalibration(path: path, reason: "it has constants that are not above 0")
    }
  }

  init(
    machine: String, head: [String: Head], encoderMicroseconds: [String: Double], memoryGigabytesPerSecond: Double,
    exchangeGigabytesPerSecond: Double, messageMicroseconds: Double, networkMessageMicroseconds: Double,
    checkpointMegabytesPerSecond: Double
  ) {
    self.machine = machine
    self.head = head
    self.encoderMicroseconds = encoderMicroseconds
    self.memoryGigabytesPerSecond = memoryGigabytesPerSecond
    self.exchangeGigabytesPerSecond = exchangeGigabytesPerSecond
    self.messageMicroseconds = messageMicroseconds
    self.networkMessageMicroseconds = networkMessageMicroseconds
    self.checkpointMegabytesPerSecond = checkpointMegabytesPerSecond
  }

  /// The constants as JSON with sorted keys.
  package func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self) + [UInt8(ascii: "\n")]
  }
}

/// What can be wrong with a question to `caravan plan`.
package enum PlanningError: Error, Equatable, CustomStringConvertible {
  case notACalibration(path: String, reason: String)
  /// The calibration says nothing about it: a precision that the node does not have, or a model.
  case notCalibrated(what: String, machine: String)

  package var description: String {
    switch self {
    case .notACalibration(let path, let reason):
      "\(printable(path)) is no calibration, \(reason): give the file of caravan bench --calibrate"
    case .notCalibrated(let what, let machine):
      "the calibration of \(printable(machine)) has no \(what): calibrate with it, or leave out --calibration"
    }
  }
}
