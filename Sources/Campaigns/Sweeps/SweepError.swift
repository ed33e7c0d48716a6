import OptionTables
import Text

/// What can be wrong with a sweep as a whole, or with a job as part of one.
package enum SweepError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case malformed(path: String, reason: String)
  /// `--set` without a name or a value.
  case badSetting(String)
  case unknownCommand(String, known: [String])
  /// Two jobs whose options differ would have the same folder.
  case sameName(String)
  /// The sweep's folder holds a finished job of that name that had another option.
  case optionDiffers(job: String, option: String, saved: String, current: String, folder: String)
  /// A finished job's data set or checkpoint, whose path is the same, has other contents now.
  case inputDiffers(job: String, option: String, path: String, folder: String)
  case moreRanksThanThereAre(perJob: Int, ranks: Int)
  case noValidSessions(dataset: String, locales: String)
  case nothingValidated
  case allFailed(jobs: Int, folder: String, first: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "cannot read \(path): \(reason); give the YAML file of a sweep"
    case .malformed(let path, let reason):
      "\(path) is no sweep: \(printable(reason, limit: 300))"
    case .badSetting(let text):
      "cannot set '\(text)': write an option and its value, such as --set epochs=4"
    case .unknownCommand(let name, let known):
      "there is no sweep over '\(printable(name))': "
        + (nearestName(to: name, among: known).map { "did you mean \($0)? Choose" } ?? "choose")
        + " the command \(listed(known))"
    case .sameName(let name):
      "two jobs would be called \(name): write their values with other letters or digits"
    case .optionDiffers(let job, let option, let saved, let current, let folder):
      "\(folder) holds \(job) with \(option) \(saved), now it is \(current): use the same, or another --out"
    case .inputDiffers(let job, let option, let path, let folder):
      "\(folder) holds \(job), which read another \(option) than \(path) is now: use that one, or another --out"
    case .moreRanksThanThereAre(let perJob, let ranks):
      "--ranks-per-job is \(perJob), but there \(ranks == 1 ? "is 1 rank" : "are \(ranks) ranks"): "
        + "choose from 1 to \(ranks)"
    case .noValidSessions(let dataset, let locales):
      "\(dataset) has no valid sessions\(locales.isEmpty ? "" : " in \(locales)") to compare jobs by: "
        + "prepare it with --valid-fraction"
    case .nothingValidated:
      "the run ended before its first epoch, so there is no valid metric to compare it by: raise max_steps, with another --out"
    case .allFailed(let jobs, let folder, let first):
      "\(jobs == 1 ? "the only job" : "each of the \(jobs) jobs") failed, see \(folder)/\(SweepFolder.recordsFile); "
        + "--retry-failed runs them again; the first: \(first)"
    }
  }
}
