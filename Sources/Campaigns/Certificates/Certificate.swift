import Foundation
import Provenance
import Storage
import Text

/// What `caravan certify` found: which ways of computing a training came to the same bytes, with all that is needed to
/// compute it again elsewhere.
package struct Certificate: Codable, Equatable, Sendable {
  /// Told apart from other JSON.
  package var caravanCertificate = 1
  package var build: BuildInformation
  /// The processor's name.
  package var cpu: String
  /// `--isa` as it was given; nil where it was not.
  package var isa: String?
  /// The fingerprint of the data set.
  package var dataset: String
  package var steps: Int
  /// `f32` or `bf16`: they have different bytes, and certificates of their own.
  package var precision: String
  /// The run's `config.yaml`, as resolved.
  package var config: String
  package var runs: [CertifiedRun]

  enum CodingKeys: String, CodingKey {
    case build, cpu, isa, dataset, steps, precision, config, runs
    case caravanCertificate = "caravan_certificate"
  }

  package init(
    build: BuildInformation, cpu: String, isa: String?, dataset: String, steps: Int, precision: String, config: String,
    runs: [CertifiedRun]
  ) {
    self.build = build
    self.cpu = cpu
    self.isa = isa
    self.dataset = dataset
    self.steps = steps
    self.precision = precision
    self.config = config
    self.runs = runs
  }

  /// - Throws: `CertificateError`, `StorageError`.
  package init(file path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw StorageError.cannotRead(path: path, reason: "there is no such file")
    }
    guard let certificate = try? JSONDecoder().decode(Self.self, from: data), certificate.caravanCertificate == 1,
      !certificate.runs.isEmpty, certificate.steps >= 2
    else { throw CertificateError.malformed(path: path) }
    self = certificate
  }

  /// - Throws: `StorageError`.
  package func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try atomicWrite(try encoder.encode(self) + Data("\n".utf8), to: path)
  }

  /// What all runs are compared with: the certificate's own first run.
  package var reference: CertifiedRun { runs[0] }

  /// A line a run.
  /// - Parameter reference: what they are compared with: their first, or another certificate's.
  package static func table(_ runs: [CertifiedRun], against reference: CertifiedRun) -> String {
    let head = ["gate", "ranks", "threads", "item table", "hosts", "stopped", "weights", "moments", "bytes"]
    return alignedTable(
      [head]
        + runs.map { run in
          [
            run.gate, (run.ranksBefore.map { "\($0), then " } ?? "") + "\(run.ranks)", "\(run.threads)", run.layout,
            "\(run.hosts)", run.stoppedAfter.map { "after step \($0)" } ?? "", String(run.model.prefix(12)),
            String(run.optimizer.prefix(12)), run.agrees(with: reference) ? "same" : "DIFFERENT",
          ]
        })
  }

  /// The processor's name, as Linux tells it.
  package static var ownCPU: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }
}

/// Why there is no certificate.
package enum CertificateError: Error, Equatable, CustomStringConvertible {
  case malformed(path: String)
  case otherDataset(path: String, dataset: String)
  case runFailed(gate: String, reason: String)

  package var description: String {
    switch self {
    case .malformed(let path):
      "\(path) is no certificate, or not one that this caravan reads: take what caravan certify --out wrote"
    case .otherDataset(let path, let dataset):
      "\(path) is of another data set than \(dataset): prepare the same files with the same options"
    case .runFailed(let gate, let reason):
      "the run '\(gate)' failed: \(reason)"
    }
  }
}
