import Evaluation
import Models
import OptionTables
import Tensors
import Text

/// What can go wrong with a run, beside files and messages.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  case badConfiguration(path: String, reason: String)
  case noSessions(dataset: String, locales: String)
  /// Fingerprints of a data set, as a rank sees it and as rank 0 does.
  case datasetsDiffer(path: String, host: String, own: String, leader: String)
  /// What told it, such as `the loss at step 2 is nan`; no checkpoint where none is left to go on from.
  case diverged(sign: String, rate: Double, checkpoint: String?)
  case replicasDiffer(rank: Int, host: String, what: String)
  /// A failure in a hand-off, and for which of its models.
  case ofTask(String, cause: String)
  case notACheckpoint(path: String)
  case noWholeCheckpoint(path: String, reason: String)
  case malformedCheckpoint(path: String, reason: String)
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
  /// A checkpoint to be fine-tuned has another value of something that decides its shapes.
  case checkpointDiffers(name: String, saved: String, asked: String, path: String)
  case nothingToFineTune(path: String, model: String)
  case noMoments(path: String, saved: String, asked: String)
  case sessionsTooLong(model: String, longest: Int, dataset: String, length: Int)
  case badBlend(String)
  /// The precision asked for needs instructions that a rank's CPU does not have.
  case unsupportedPrecision(String, host: String, instructionSet: String)
  /// A rank's CPU has them, but is to compute with less: `--isa`, or the variable `DNNL_MAX_CPU_ISA`.
  case precisionNotAllowed(String, host: String, isa: String)
  /// The ranks of a node need more memory than there is; in bytes.
  case notEnoughMemory(host: String, ranks: Int, needed: Int, available: Int)
  /// Transitions of the ranked sessions were asked for, but nothing counts transitions.
  case nothingCountsTransitions

  public var description: String {
    switch self {
    case .badConfiguration(let path, let reason):
      "\(path) is no plan for training: \(reason)"
    case .noSessions(let dataset, let locales):
      "\(dataset) has no training sessions\(locales.isEmpty ? "" : " in \(locales)"): nothing to train on"
    case .datasetsDiffer(let path, let host, let own, let leader):
      "the data set \(path) on \(host) is \(own.prefix(12))…, rank 0's is \(leader.prefix(12))…: give all ranks the "
        + "same files"
    case .diverged(let sign, let rate, let checkpoint):
      "\(sign), with a learning rate of \(rate): training diverged, lower --lr"
        + (checkpoint.map { "; the same command then goes on from \($0)" }
          ?? " and start anew: there is no checkpoint yet to go on from")
    case .replicasDiffer(let rank, let host, let what):
      "rank \(rank) on host \(host) has other weights than rank 0, in \(what): its memory or network may be at fault; "
        + "go on from the last checkpoint without that host"
    case .ofTask(let name, let cause):
      "\(name): \(cause)"
    case .notACheckpoint(let path):
      "\(path) is neither a run nor a checkpoint: give a folder that `caravan train` wrote"
    case .noWholeCheckpoint(let path, let reason):
      "\(path) has no whole checkpoint, of the newest \(reason): mend that, or start anew with --resume never"
    case .malformedCheckpoint(let path, let reason):
      "\(path) cannot be used: \(reason)"
    case .optionDiffers(let name, let saved, let current, let path):
      "\(path) was trained \(saved.map { "with \(flag(name)) \(short($0))" } ?? "without \(flag(name))"), now it is "
        + "\(current.map(short) ?? "not given"): use the same, or another --out, or --resume never"
    case .beyondTheEnd(let path, let step, let lastStep):
      "\(path) has \(step) steps, but --epochs and --max-steps end the run after \(lastStep): "
        + "use another --out, or --resume never"
    case .otherBuild(let name, let saved, let current, let path):
      "\(path) was computed with \(name) \(printable(saved)), here it is \(current): "
        + (InstructionSet(oneDNN: saved).map { "pin --isa \($0.rawValue)" } ?? "go on with that one")
        + ", or say --allow-mixed-isa, to other bits"
    case .otherDataset(let path):
      "\(path) was trained on another data set: use that one, or another --out"
    case .sessionsTooLong(let model, let longest, let dataset, let length):
      "\(model) takes sessions of at most \(longest) clicks, \(dataset) has them up to \(length): raise "
        + "--max-length, or prepare the data set with a smaller one"
    case .otherVocabulary(let path, let dataset):
      "\(path) was trained on another vocabulary than that of \(dataset): use the data set that it was trained on"
    case .vocabularyDiffers(let row, let saved, let current, let path, let dataset):
      "item \(row) is \(saved) in \(path), \(current ?? "missing") in \(dataset): prepare the data set with "
        + "--vocabulary and the one that the checkpoint was trained on"
    case .checkpointDiffers(let name, let saved, let asked, let path):
      "\(path) was trained with \(flag(name)) \(saved), not \(asked): leave \(flag(name)) out, or give another "
        + "checkpoint"
    case .nothingToFineTune(let path, let model):
      "\(path) is of \(model), which counts and has no weights: give a checkpoint of one of "
        + ModelConfiguration.names.joined(separator: ", ")
    case .noMoments(let path, let saved, let asked):
      "\(path) has the moments of --optimizer \(saved), not of \(asked): use --moments fresh, or the same optimizer"
    case .badBlend(let text):
      "cannot blend in '\(text)': write a run or checkpoint and, if not 1, its weight from 0 up, such as runs/covisit:0.3"
    case .unsupportedPrecision(let precision, let host, let instructionSet):
      "--precision \(precision) needs a CPU with AVX512_BF16 or AMX, \(host) has \(instructionSet): use "
        + "--precision f32"
    case .precisionNotAllowed(let precision, let host, let isa):
      "--precision \(precision) needs more than --isa \(isa), or DNNL_MAX_CPU_ISA, allows on \(host): leave that out, or "
        + "use --precision f32"
    case .notEnoughMemory(let host, let ranks, let needed, let available):
      "training needs \(gigabytes(needed)) GB on \(host) for its \(ranks == 1 ? "rank" : "\(ranks) ranks"), "
        + "which has \(gigabytes(available)) GB left: use more nodes, or smaller sizes such as --embedding-size"
    case .nothingCountsTransitions:
      "--transductive adds to what COVISIT and NEIGHBOURS count, but none is here: leave it out, or blend one in"
    }
  }

  /// A value as it may stand in a sentence; a checksum by its beginning.
  private func short(_ value: String) -> String {
    value.count == 64 && value.allSatisfy(\.isHexDigit) ? value.prefix(12) + "…" : printable(value)
  }

  private func gigabytes(_ bytes: Int) -> String { (Double(bytes) / 1e9).formatted(digits: 2) }
}
