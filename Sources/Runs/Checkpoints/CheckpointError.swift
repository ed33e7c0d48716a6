import OptionTables
import Tensors
import Text

/// What can be wrong with a checkpoint, by itself or beside the run or the data set that it is to serve.
public enum CheckpointError: Error, Equatable, CustomStringConvertible {
  /// - Parameter run: one that is inside the folder.
  case notACheckpoint(path: String, run: String? = nil)
  /// Several checkpoints, where one is wanted.
  case isBlend(path: String)
  /// A run that has not come so far.
  case noneYet(path: String)
  case noneIsWhole(path: String, reason: String)
  case malformed(path: String, reason: String)
  /// The checkpoint was made with another value of something that decides the weights.
  case optionDiffers(name: String, saved: String?, current: String?, path: String)
  case otherDataset(path: String)
  /// The checkpoint was computed with another instruction set, oneDNN or Caravan.
  case otherBuild(name: String, saved: String, current: String, path: String)
  /// The checkpoint is from beyond where the run is to end.
  case beyondTheEnd(path: String, step: Int, lastStep: Int)
  case otherVocabulary(path: String, dataset: String)
  /// The first row that is another item here; nil for a side that has no such row.
  case vocabularyDiffers(row: Int, saved: String, current: String?, path: String, dataset: String)

  public var description: String {
    switch self {
    case .notACheckpoint(let path, let run):
      "\(path) is neither a run nor a checkpoint: give "
        + (run.map { "one that it holds, such as \($0)" } ?? "a folder that `caravan train` wrote")
    case .isBlend(let path):
      "\(path) is a blend of several checkpoints: give one of its members"
    case .noneYet(let path):
      "\(path) has no checkpoint yet: the first is written at the end of an epoch, or earlier with --checkpoint-every"
    case .noneIsWhole(let path, let reason):
      "\(path) has no whole checkpoint, of the newest \(reason): mend that, or start anew with --resume never, which removes what is there"
    case .malformed(let path, let reason):
      "\(path) cannot be used: \(reason)"
    case .optionDiffers(let name, let saved, let current, let path):
      "\(path) was trained \(saved.map { "with \(flag(name)) \(short($0))" } ?? "without \(flag(name))"), now it is "
        + "\(current.map(short) ?? "not given"): use the same, or another --out, or --resume never, which removes what is there"
    case .beyondTheEnd(let path, let step, let lastStep):
      "\(path) has \(step) steps, but --epochs and --max-steps end the run after \(lastStep): "
        + "use another --out, or --resume never, which removes what is there"
    case .otherBuild(let name, let saved, let current, let path):
      "\(path) was computed with \(name) \(printable(saved)), here it is \(current): "
        + (InstructionSet(recorded: saved).map { "pin --isa \($0.rawValue)" } ?? "go on with that one")
        + ", or say --allow-mixed-isa, to other bits"
    case .otherDataset(let path):
      "\(path) was trained on another data set: use that one, or another --out; to train it further on new sessions, "
        + "prepare them with --vocabulary and give them to caravan finetune"
    case .otherVocabulary(let path, let dataset):
      "\(path) was trained on other items than \(dataset) begins with: prepare that one with --vocabulary and the data set "
        + "that the checkpoint was trained on"
    case .vocabularyDiffers(let row, let saved, let current, let path, let dataset):
      "item \(row) is \(saved) in \(path), \(current ?? "missing") in \(dataset): prepare the data set with "
        + "--vocabulary and the one that the checkpoint was trained on"
    }
  }

  /// A value as it may stand in a sentence; a checksum by its beginning.
  private func short(_ value: String) -> String {
    value.count == 64 && value.allSatisfy(\.isHexDigit) ? value.prefix(12) + "…" : printable(value)
  }
}
