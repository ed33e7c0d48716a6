import Models
import OptionTables

/// What can go wrong with a hand-off, beside what can with any run.
package enum HandOffError: Error, Equatable, CustomStringConvertible {
  /// A failure in a hand-off, and for which of its models.
  case ofTask(String, cause: String)
  /// A checkpoint to be fine-tuned has another value of something that decides its shapes.
  case checkpointDiffers(name: String, saved: String, asked: String, path: String)
  case nothingToFineTune(path: String, model: String)
  case noMoments(path: String, saved: String, asked: String)

  package var description: String {
    switch self {
    case .ofTask(let name, let cause):
      "\(name): \(cause)"
    case .checkpointDiffers(let name, let saved, let asked, let path):
      "\(path) was trained with \(flag(name)) \(saved), not \(asked): leave \(flag(name)) out, or give another "
        + "checkpoint"
    case .nothingToFineTune(let path, let model):
      "\(path) is of \(model), which counts and has no weights: give a checkpoint of one of "
        + ModelConfiguration.names.joined(separator: ", ")
    case .noMoments(let path, let saved, let asked):
      "\(path) has the moments of --optimizer \(saved), not of \(asked): use --moments fresh, or the same optimizer"
    }
  }
}
