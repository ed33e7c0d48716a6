import Text

/// What can go wrong with a run, beside its checkpoints, files and messages.
public enum RunError: Error, Equatable, CustomStringConvertible {
  case badConfiguration(path: String, reason: String)
  case noSessions(dataset: String, locales: String)
  /// Fingerprints of a data set, as a rank sees it and as rank 0 does.
  case datasetsDiffer(path: String, host: String, own: String, leader: String)
  /// What told it, such as `the loss at step 2 is nan`; no checkpoint where none is left to go on from.
  case diverged(sign: String, rate: Double, checkpoint: String?)
  case sessionsTooLong(model: String, longest: Int, dataset: String, length: Int)
  case badCandidateSource(String)
  /// Recommenders that know different numbers of items are to propose candidates together.
  case candidatesOfOtherItems(path: String, items: Int, first: String, firstItems: Int)
  /// Candidates of training sessions are asked of a model that learned their answers.
  case trainedOnAsked(path: String, model: String)
  /// The precision asked for needs instructions that a rank's CPU does not have.
  case unsupportedPrecision(String, host: String, instructionSet: String)
  /// A rank's CPU has them, but is to compute with less: `--isa`, or the variable `DNNL_MAX_CPU_ISA`.
  case precisionNotAllowed(String, host: String, isa: String)
  /// It has other bits on other CPUs, where `--isa portable` asks for the same.
  case precisionNotPortable(String)
  /// The ranks of a node need more memory than there is; in bytes.
  case notEnoughMemory(host: String, ranks: Int, needed: Int, available: Int)
  /// Transitions of further sessions are to be counted, but nothing counts transitions.
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
    case .sessionsTooLong(let model, let longest, let dataset, let length):
      "\(model) takes sessions of at most \(longest) clicks, \(dataset) has them up to \(length): prepare "
        + "it with --max-length \(longest), or train with a larger --max-length"
    case .badCandidateSource(let text):
      "cannot take candidates from '\(text)': write a run or checkpoint and, if not \(CandidateSource.usualTop), how many "
        + "from 1 to 10000, such as runs/counts:200"
    case .candidatesOfOtherItems(let path, let items, let first, let firstItems):
      "\(path) knows \(items) items, \(first) \(firstItems): take candidates from checkpoints of one data set"
    case .trainedOnAsked(let path, let model):
      "\(path) (\(model)) learned the answers of the training sessions, its scores would tell them: ask for --split "
        + "valid, or leave it out, for only models that count can count again without a session"
    case .unsupportedPrecision(let precision, let host, let instructionSet):
      "--precision \(precision) needs a CPU with AVX512_BF16 or AMX, \(host) has \(instructionSet): use "
        + "--precision f32"
    case .precisionNotAllowed(let precision, let host, let isa):
      "--precision \(precision) needs more than --isa \(isa), or DNNL_MAX_CPU_ISA, allows on \(host): leave that out, or "
        + "use --precision f32"
    case .precisionNotPortable(let precision):
      "--isa portable has no --precision \(precision), whose products only some CPUs have: leave one of them out"
    case .notEnoughMemory(let host, let ranks, let needed, let available):
      "training needs \(gigabytes(needed)) GB on \(host) for its \(ranks == 1 ? "rank" : "\(ranks) ranks"), "
        + "which has \(gigabytes(available)) GB left: use more nodes, or smaller sizes such as --embedding-size"
    case .nothingCountsTransitions:
      "--transductive and --count-sessions add to what COVISIT, NEIGHBOURS and COUNTS count, but none is here: leave them "
        + "out, or blend one in"
    }
  }

  private func gigabytes(_ bytes: Int) -> String { (Double(bytes) / 1e9).formatted(digits: 2) }
}
