import Foundation
import Storage

/// What a run that diverged leaves in its folder, `diverged.json`: while it is there, the run may go on from its last
/// checkpoint with a lower learning rate. The first checkpoint after that takes it away.
struct Divergence: Codable, Equatable {
  /// Steps done, the diverged one counted.
  let step: Int
  /// The learning rate of the step.
  let rate: Double
  /// The step of a checkpoint whose weights, numbers though they are, have a loss or a gradient that is none: the run does
  /// not go on from it.
  var useless: Int?

  /// The options that shape the learning rate, and with it how far a step goes.
  static let options: Set<String> = ["lr", "lr_schedule", "warmup_steps", "lr_decay", "lr_decay_epochs", "clip_norm"]

  private static func path(ofRun run: String) -> String { joined(run, "diverged.json") }

  /// That of a run; nil where it has left none.
  init?(ofRun run: String) {
    guard let data = FileManager.default.contents(atPath: Self.path(ofRun: run)),
      let divergence = try? JSONDecoder().decode(Self.self, from: data)
    else { return nil }
    self = divergence
  }

  init(step: Int, rate: Double, useless: Int?) {
    self.step = step
    self.rate = rate
    self.useless = useless
  }

  func write(toRun run: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try atomicWrite(try encoder.encode(self) + Data("\n".utf8), to: Self.path(ofRun: run))
  }

  static func remove(fromRun run: String) throws { try removeIfThere(path(ofRun: run)) }

  /// The options in which a run that goes on may differ from those that its checkpoint was made with: none, unless the
  /// learning rate is lower.
  static func free(_ saved: [String: String], _ current: [String: String]) -> Set<String> {
    guard let before = saved["lr"].flatMap(Double.init), let now = current["lr"].flatMap(Double.init), now < before
    else { return [] }
    return options
  }
}
