import Foundation
import Runs
import Sessions

/// One model of a hand-off: a locale's, or that of all locales together.
struct HandOffTask: Equatable {
  /// `ES`, or `joint`; also its run's folder.
  let name: String
  let locales: Set<ShopLocale>
  /// Its training sessions: what its share of the ranks comes from.
  let sessions: Int

  /// The name of its run from scratch.
  var scratchName: String { name + "-scratch" }

  /// The models of a plan.
  /// - Throws: `RunError.noSessions` for the first locale that has none to train on.
  static func all(of plan: FineTuningPlan, in dataset: PreparedDataset) throws -> [HandOffTask] {
    let locales = plan.training.locales
    func task(_ name: String, _ locales: Set<ShopLocale>) throws -> HandOffTask {
      let sessions = try dataset.trainingSessions(in: locales).chosen.count
      return HandOffTask(name: name, locales: locales, sessions: sessions)
    }
    let each = try locales.inOrder.map { try task($0.name, [$0]) }
    let joint = try task(HandOffReport.joint, locales)
    switch plan.mode {
    case .each: return each
    case .joint: return [joint]
    case .both: return each + [joint]
    }
  }
}
