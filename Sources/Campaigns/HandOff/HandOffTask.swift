import Foundation
import Runs
import Sessions
import Storage

/// One model of a hand-off: a locale's, or that of all locales together.
package struct HandOffTask: Equatable {
  /// `ES`, or `joint`.
  let name: String
  /// The name of its run's folder.
  let folder: String
  /// Whether it is for all locales together.
  let isJoint: Bool
  /// By their names; empty for all sessions of a data set that has no locales.
  let locales: [String]
  /// Its training sessions: what its share of the ranks comes from.
  let sessions: Int

  /// The name of its run from scratch.
  var scratchFolder: String { folder + "-scratch" }

  /// The models of a plan.
  /// - Throws: `RunError.noSessions` for the first locale that has none to train on.
  static func all(of plan: FineTuningPlan, in dataset: PreparedDataset) throws -> [HandOffTask] {
    let locales = plan.training.locales
    let counts = dataset.split(.train)?.sessionCounts(of: dataset.locales)
    let each = try locales.map { locale in
      let sessions = dataset.locales.code(of: locale).flatMap { counts?[Int($0)] } ?? 0
      if sessions == 0 { throw RunError.noSessions(dataset: dataset.folder, locales: locale) }
      let folder = folderName(ofLocale: locale)
      return HandOffTask(
        name: locale == HandOffReport.joint ? folder : locale, folder: folder, isJoint: false, locales: [locale],
        sessions: sessions)
    }
    let joint = HandOffTask(
      name: HandOffReport.joint, folder: HandOffReport.joint, isJoint: true, locales: locales,
      sessions: try dataset.trainingSessions(in: locales).chosen.count)
    if locales.isEmpty { return [joint] }
    switch plan.mode {
    case .each: return each
    case .joint: return [joint]
    case .both: return each + [joint]
    }
  }

  /// The name of a locale's folder: the locale's own, if it is of letters that are usual in names of files and nothing
  /// else is called so; otherwise what is left of it and the beginning of its SHA-256, so that no two are the same.
  package static func folderName(ofLocale name: String) -> String {
    let usual = name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "-" }
    let ending = name.split(separator: "-").last ?? ""
    let isChecksum = ending.count == checksumLength && ending.allSatisfy(\.isHexDigit)
    let isReserved = reserved.contains(name) || ".-".contains(name.prefix(1)) || ending == "scratch" || isChecksum
    let isFile = ["json", "jsonl", "txt", "yaml"].contains(fileExtension(of: name))
    if String(usual) == name, !isReserved, !isFile { return name }
    let checksum = Checksum.sha256(of: Data(name.utf8)).prefix(checksumLength)
    let rest = String(usual.drop { ".-".contains($0) })
    return (rest.isEmpty ? "locale" : rest) + "-" + checksum
  }

  private static let checksumLength = 16
  /// What a hand-off, or a run that is mistaken for one, has beside the locales' folders.
  private static let reserved = [HandOffReport.joint, "checkpoints"]
}
